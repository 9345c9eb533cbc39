import { RunbackError } from "@runback/core";

/** A constraint refuses a state that the run itself passed through, or began with. */
export function constraintRefused(constraint: string | undefined, cause: unknown): RunbackError {
  return new RunbackError(
    "CONSTRAINT_REFUSED",
    `Constraint ${constraint ?? "of the target"} refuses the state before the run.`,
    {
      recovery:
        "This step was not written. The constraint was added or rows it concerns were written since the run: resolve those, then plan again.",
      exit: 1,
      status: 409,
      cause,
    },
  );
}
