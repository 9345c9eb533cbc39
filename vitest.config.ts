import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { LongestFirst } from "./test/support/longest-first.ts";

// Every process that tests start would compile the same thousand modules again.
process.env.NODE_COMPILE_CACHE ??= fileURLToPath(new URL("node_modules/.cache/tests", import.meta.url));

/**
 * Folders whose files keep nothing in their process: one process runs many, and loads the modules of all of them once. Not the
 * membership sample, which asks its children for their largest memory: a process begins with that of the one that started it.
 */
const together = [
  "packages/{api,attendance,core,dashboard,engines,flags,guard,operations,vault}/**/*.test.ts",
  "test/{alerts,api,cutover,docs,flags,membership,scenarios}/**/*.test.ts",
];

// One more than the cores that tests are made for: some wait for a server, a clock or a disk.
const workers = { pool: "forks", maxWorkers: 3 } as const;

/** @param limits what everyday and deep runs differ in */
export function suites(limits: { testTimeout: number; hookTimeout: number; exclude: string[] }) {
  return defineConfig({
    test: {
      ...workers,
      globalSetup: ["test/support/global-setup.ts"],
      sequence: { sequencer: LongestFirst },
      projects: [
        // A process that goes on with another file must not take its spies there.
        { test: { ...workers, ...limits, name: "together", isolate: false, restoreMocks: true, include: together } },
        {
          test: {
            ...workers,
            ...limits,
            name: "alone",
            include: ["packages/**/*.test.ts", "functions/**/*.test.ts", "test/**/*.test.ts", "examples/**/*.test.ts"],
            exclude: [...limits.exclude, ...together],
          },
        },
      ],
    },
  });
}

export default suites({
  testTimeout: 60_000,
  hookTimeout: 120_000,
  exclude: ["**/node_modules/**", "test/deep/**"],
});
