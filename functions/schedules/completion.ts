import { runtime } from "../runtime.ts";

/** Closes the events that are over: marks who was not seen, and completes them. */
export const handler = async () => (await runtime()).monitors.fire("completion");
