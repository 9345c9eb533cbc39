import { runtime } from "../runtime.ts";

/** Restores the newest snapshot into a scratch database once a week, and fails when that is overdue. */
export const handler = async () => (await runtime()).monitors.fire("snapshot-verification");
