import { RunbackError } from "@runback/core";
import type { Context } from "../context.ts";
import { advanceSteps, stopped } from "../run/advance.ts";
import { attempt } from "../run/attempt.ts";
import { leaseName } from "./lease-name.ts";
import type { RollbackOptions } from "./rollback-options.ts";
import type { RollbackResult } from "./rollback-result.ts";
import { rollbackStep } from "./rollback-step.ts";
import { startRollback } from "./start-rollback.ts";

/**
 * Takes back exactly one run: a plan first, then bounded steps, as a run of its own that can be taken back too.
 * With conflicts and policy `abort` nothing is written, and the result says why (`rollbackRunId` null).
 */
export async function runRollback(context: Context, options: RollbackOptions): Promise<RollbackResult> {
  const began = await startRollback(context, options);
  if (began.result) return began.result;
  const { rollbackRunId } = began;
  const done = await advanceRollback(context, options, rollbackRunId);
  if (!done) throw stopped(rollbackRunId, `runback rollback ${options.runId}`);
  const run = await context.engine.store.run(context.engine, rollbackRunId);
  return run!.result as RollbackResult;
}

/** Commits steps of a rollback until the budget is spent; true when it is complete. */
export async function advanceRollback(
  context: Context,
  options: Pick<RollbackOptions, "auditTable">,
  rollbackRunId: string,
  budgetMs = Number.POSITIVE_INFINITY,
): Promise<boolean> {
  const { engine } = context;
  const run = await engine.store.run(engine, rollbackRunId);
  if (run?.kind !== "rollback" || run.revertsRunId === null) {
    throw new RunbackError("RUN_NOT_FOUND", `There is no rollback ${rollbackRunId} on this target.`, {
      recovery: "List the runs with `runback runs`.",
      status: 404,
    });
  }
  return await attempt(
    context,
    { runId: rollbackRunId, leaseName: leaseName(run), auditTable: options.auditTable, operation: "rollback" },
    (lease) => advanceSteps(context, () => rollbackStep(context, options.auditTable, rollbackRunId, lease!), budgetMs),
  );
}
