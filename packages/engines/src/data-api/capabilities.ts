import type { Capabilities } from "@runback/core";
import { capabilities as postgres } from "../postgres/capabilities.ts";

/** PostgreSQL's own, but rows are loaded by statements, whole tables cannot be streamed, and no program can be handed a session: each call gets another one. */
export const capabilities: Capabilities = { ...postgres, copy: false, programSessions: false, snapshots: true };
