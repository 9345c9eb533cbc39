import { relative } from "node:path";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/**
 * The files that take longest, from the longest. A clone that never ran them knows their sizes only, and the one with every
 * command of the docs is short: begun last, it ran on alone for most of its two minutes.
 */
export const longest: readonly string[] = [
  "test/docs/commands.test.ts",
  "packages/runtime/src/embedded/recovery.test.ts",
  "test/faults/connection.test.ts",
  "test/engines/types/types.test.ts",
  "test/operations/audit.test.ts",
  "packages/runtime/src/embedded/acquire.test.ts",
  "test/operations/doctor.test.ts",
  "test/scenarios/changed-meanwhile/changed-meanwhile.test.ts",
];

/** Begins with the longest files; the others go in Vitest's own order. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification) => {
      const at = longest.indexOf(relative(this.ctx.config.root, moduleId));
      return at === -1 ? longest.length : at;
    };
    return (await super.sort(files)).sort((one, other) => place(one) - place(other));
  }
}
