import { RunbackError } from "@runback/core";

/** What the triggers of a write freeze said, as an error of ours. */
export function frozenTarget(cause: unknown): RunbackError {
  return new RunbackError("TARGET_FROZEN", "The target is frozen: nobody writes to it for now.", {
    recovery:
      "This statement wrote nothing; committed steps are kept. Resume once it is lifted (`runback freeze off`).",
    status: 409,
    cause,
  });
}
