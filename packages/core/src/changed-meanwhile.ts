import { RunbackError } from "./error.ts";

const planAgain =
  "This step was not written; earlier steps of this rollback are committed. Plan again with `runback rollback <run-id> --plan`: rows already taken back show as `already`.";

const options = (cause: unknown) => ({ recovery: planAgain, exit: 1, status: 409, cause }) as const;

/** Rows are not what the rollback's plan saw: the step fails whole, nothing newer is overwritten. */
export function changedMeanwhile(table: string, rows: number, cause?: unknown): RunbackError {
  return new RunbackError(
    "CHANGED_MEANWHILE",
    `${rows} row(s) of ${table} changed between the plan and this step.`,
    options(cause),
  );
}

/** A constraint that held for the plan refuses the step: rows written since are in its way. */
export function constraintMeanwhile(constraint: string, cause: unknown): RunbackError {
  return new RunbackError(
    "CHANGED_MEANWHILE",
    `Rows written since the plan make constraint ${constraint} refuse this step.`,
    options(cause),
  );
}
