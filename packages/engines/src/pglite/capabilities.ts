import type { Capabilities } from "@runback/core";
import { capabilities as postgres } from "../postgres/capabilities.ts";

/** PostgreSQL's own, but one session at a time. */
export const capabilities: Capabilities = { ...postgres, concurrentSessions: false };
