import { defineConfig, mergeConfig } from "vitest/config";
import everyday from "./vitest.config.ts";

/** `npm run test:deep`: the everyday suites and the full counts of the random ones. */
export default mergeConfig(
  { ...everyday, test: { ...everyday.test, exclude: ["**/node_modules/**"] } },
  defineConfig({ test: { testTimeout: 3_600_000, hookTimeout: 600_000 } }),
);
