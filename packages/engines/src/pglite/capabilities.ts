import type { Capabilities } from "@runback/core";
import { capabilities as postgres } from "../postgres/capabilities.ts";

/** PostgreSQL's own, but one session at a time, and Runback holds it. */
export const capabilities: Capabilities = { ...postgres, concurrentSessions: false, programSessions: false };
