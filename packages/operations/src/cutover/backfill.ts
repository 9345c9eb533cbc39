import { type ColumnCutover, type Run, RunbackError } from "@runback/core";
import { appendAudit } from "../audit/append.ts";
import type { Context } from "../context.ts";
import { assertNotFrozen } from "../freeze/assert-not-frozen.ts";
import { initTrail } from "../init/init.ts";
import { createRunId } from "../random-id.ts";
import { advanceSteps, stopped } from "../run/advance.ts";
import { attempt } from "../run/attempt.ts";
import { releaseLease, takeLease } from "../run/lease-guard.ts";
import type { BackfillCheckpoint, FillCheckpoint } from "./backfill-checkpoint.ts";
import { countUnset } from "./backfill-counts.ts";
import { type BackfillInput, type BackfillOptions, defaultStepMs } from "./backfill-options.ts";
import { firstPace } from "./backfill-pace.ts";
import type { BackfillResult } from "./backfill-result.ts";
import { backfillSql } from "./backfill-sql.ts";
import { backfillStep } from "./backfill-step.ts";
import { cutoverTable } from "./cutover-table.ts";
import { dualWrite } from "./dual-write.ts";
import { enrolPatiently } from "./enrol-patiently.ts";

/**
 * Starts a backfill: checks the table, takes the lease, records who and what. Nothing is filled yet.
 *
 * @throws `CUTOVER_NOT_PREPARED`, `CUTOVER_NO_RUNBOOK`, `DUAL_WRITE_OFF`, `LEASE_HELD`, `TARGET_FROZEN`, `TABLE_WITHOUT_KEY`: nothing was written then
 */
export async function startBackfill(context: Context, options: BackfillOptions): Promise<Run> {
  const { engine, clock } = context;
  const { cutover, operator, auditTable, runbookCompat } = options;
  assertRunbook(cutover, runbookCompat);
  await assertNotFrozen(context);
  await initTrail(context, auditTable);
  const told = await dualWrite(context, cutover);
  const table = await cutoverTable(context, cutover);
  const runId = createRunId(context);
  const startedAt = clock.now().toISOString();
  const input: BackfillInput = { runbookCompat, stepMs: options.stepMs ?? defaultStepMs, auditTable };
  const lease = await takeLease(context, leaseName(cutover), runId);
  try {
    await enrolPatiently(context, table, cutover.column);
    const total = await countUnset(engine, engine.dialect, table, cutover.column);
    const checkpoint: FillCheckpoint = {
      phase: "fill",
      after: null,
      ended: false,
      pace: firstPace,
      total,
      filled: 0,
      steps: 0,
      longestStepMs: 0,
      lockTimeouts: 0,
      pausedMs: 0,
      pass: 1,
      passFilled: 0,
      passSkipped: 0,
      commits: null,
    };
    await engine.transaction(async (tx) => {
      await engine.store.createRun(tx, {
        runId,
        kind: "backfill",
        mode: "live",
        migration: cutover.name,
        operator,
        startedAt,
        input,
      });
      await engine.store.updateRun(tx, runId, { checkpoint });
      await appendAudit(tx, engine.dialect, auditTable, "migration:started", {
        run_id: runId,
        mode: "live",
        operator,
        migration: cutover.name,
        runbook_compat: runbookCompat,
        dual_write: told,
      });
    });
  } catch (error) {
    await releaseLease(context, lease).catch(() => {});
    throw error;
  }
  return (await engine.store.run(engine, runId))!;
}

/** Commits steps of a backfill until the budget is spent; true when it is complete. A failed one stays resumable. */
export async function advanceBackfill(
  context: Context,
  cutover: ColumnCutover,
  runId: string,
  budgetMs = Number.POSITIVE_INFINITY,
): Promise<boolean> {
  const { engine } = context;
  const { input } = await backfillRun(context, cutover, runId);
  assertRunbook(cutover, input.runbookCompat);
  return await attempt(
    context,
    { runId, leaseName: leaseName(cutover), auditTable: input.auditTable, operation: "backfill" },
    async (lease) => {
      await assertNotFrozen(context);
      // Under the lease that a move takes, too: the phase stays what it is while this goes on.
      await dualWrite(context, cutover);
      const table = await cutoverTable(context, cutover);
      // Idempotent: the table may have been altered, or restored, since the run began.
      await enrolPatiently(context, table, cutover.column);
      const filling = {
        table,
        legacy: cutover.legacy,
        column: cutover.column,
        sql: backfillSql(cutover, engine.dialect, input.runbookCompat),
        input,
        runId,
        lease: lease!,
        seen: {
          // Read again under the lease: another process may have gone on with it since.
          checkpoint: (await engine.store.run(engine, runId))!.checkpoint as BackfillCheckpoint,
          commitMs: 0,
          longestStepMs: 0,
        },
      };
      return await advanceSteps(context, () => backfillStep(context, filling), budgetMs);
    },
  );
}

/** A backfill from start to end, or up to Ctrl-C. */
export async function runBackfill(context: Context, options: BackfillOptions): Promise<BackfillResult> {
  const { runId } = await startBackfill(context, options);
  return await finishBackfill(context, options.cutover, runId);
}

/** Goes on with a backfill that was interrupted. @throws `RUN_NOT_FOUND`, `RUN_NOT_RESUMABLE`, `LEASE_HELD` */
export async function resumeBackfill(context: Context, cutover: ColumnCutover, runId: string): Promise<BackfillResult> {
  const { run } = await backfillRun(context, cutover, runId);
  if (run.state === "completed" || run.state === "aborted") {
    throw new RunbackError("RUN_NOT_RESUMABLE", `Run ${runId} is ${run.state}.`, {
      recovery: "Nothing is left to do. Start a new backfill instead.",
      status: 409,
    });
  }
  return await finishBackfill(context, cutover, runId);
}

async function finishBackfill(context: Context, cutover: ColumnCutover, runId: string): Promise<BackfillResult> {
  const done = await advanceBackfill(context, cutover, runId);
  if (!done) throw stopped(runId, `runback cutover backfill ${cutover.name} --resume ${runId}`);
  return (await context.engine.store.run(context.engine, runId))!.result as BackfillResult;
}

async function backfillRun(
  { engine }: Context,
  cutover: ColumnCutover,
  runId: string,
): Promise<{ run: Run; input: BackfillInput }> {
  const run = await engine.store.run(engine, runId);
  // The run that brings the legacy column up to date is another thing, which `cutover retreat` goes on with.
  const sync = (run?.input as { direction?: string } | null)?.direction === "legacy";
  if (run?.kind === "backfill" && run.migration === cutover.name && !sync)
    return { run, input: run.input as BackfillInput };
  throw new RunbackError("RUN_NOT_FOUND", `There is no backfill ${runId} of ${cutover.name} on this target.`, {
    recovery: "List the runs with `runback runs`.",
    status: 404,
  });
}

/** @throws `CUTOVER_NO_RUNBOOK` */
export function assertRunbook(cutover: ColumnCutover, runbookCompat: boolean): void {
  if (!runbookCompat || cutover.runbook !== undefined) return;
  throw new RunbackError("CUTOVER_NO_RUNBOOK", `The cutover ${cutover.name} has no mapping of a runbook.`, {
    recovery: "Nothing was written. Leave out --runbook-compat, or add `runbook` to its definition.",
    status: 409,
  });
}

const leaseName = ({ name }: ColumnCutover) => `migration:${name}`;
