import { runtime } from "../runtime.ts";

/** Counts where the columns of every cutover do not agree. */
export const handler = async () => (await runtime()).monitors.runCutovers();
