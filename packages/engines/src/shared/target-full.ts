import { RunbackError } from "@runback/core";

/** The disk under the database has no room left. */
export function targetFull(cause: unknown): RunbackError {
  return new RunbackError("TARGET_FULL", "The disk under the database is full.", {
    recovery:
      "The step was not written. Make room on the database's disk, then resume the run; what a restore in place had not finished is undone by itself.",
    status: 507,
    cause,
  });
}
