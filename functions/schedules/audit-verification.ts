import { runtime } from "../runtime.ts";

/** Checks the hash chain of every audit trail against its anchors. */
export const handler = async () => (await runtime()).jobs.verifyAudit();
