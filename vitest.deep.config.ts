import { suites } from "./vitest.config.ts";

/** `npm run test:deep`: the everyday suites and the full counts of the random ones. */
export default suites({ testTimeout: 3_600_000, hookTimeout: 600_000, exclude: ["**/node_modules/**"] });
