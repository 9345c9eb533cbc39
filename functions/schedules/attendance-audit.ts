import { runtime } from "../runtime.ts";

/** Looks for changed and deleted rows of the attendance audit. */
export const handler = async () => (await runtime()).monitors.fire("attendance-audit");
