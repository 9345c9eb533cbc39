import {
  type ConflictPolicy,
  conflictRows,
  type Lease,
  type Run,
  RunbackError,
  type TableRef,
  type UndoCursor,
  type UndoPlan,
  type UndoRequest,
} from "@runback/core";
import { writeBundle } from "@runback/vault";
import { assertApproval } from "../approvals/approvals.ts";
import { appendAudit } from "../audit/append.ts";
import type { Context } from "../context.ts";
import { createRunId } from "../random-id.ts";
import { advanceSteps, nextStepRows, stopped } from "../run/advance.ts";
import { attempt } from "../run/attempt.ts";
import { holdLease, releaseLease, takeLease } from "../run/lease-guard.ts";
import { planResult, rollbackTarget } from "./plan-rollback.ts";
import type { RollbackResult } from "./rollback-result.ts";

export interface RollbackOptions {
  readonly runId: string;
  readonly operator: string;
  readonly onConflict: ConflictPolicy;
  /** The plan that was seen: any other is refused. */
  readonly planDigest?: string;
  /** Id of the approval a second person gave; `force` needs one. */
  readonly approval?: string;
  /** The run's own audit table. */
  readonly auditTable: TableRef;
}

type Checkpoint =
  | {
      readonly phase: "revert";
      readonly plan: UndoPlan;
      readonly policy: ConflictPolicy;
      readonly cursor: UndoCursor;
      readonly stepRows: number;
      readonly done: number;
    }
  | {
      readonly phase: "evidence";
      readonly plan: UndoPlan;
      readonly policy: ConflictPolicy;
      readonly completedAt: string;
      readonly done: number;
      readonly remaining: number;
    };

const firstStepRows = 5_000;

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

/** Plans, checks the plan against what was seen and approved, and records the rollback run in the same transaction. */
export async function startRollback(
  context: Context,
  options: RollbackOptions,
): Promise<{ rollbackRunId: string; result?: RollbackResult }> {
  const { engine, clock } = context;
  const target = await rollbackTarget(context, options.runId);
  const unfinished = await unfinishedRollback(context, options.runId);
  if (unfinished) return { rollbackRunId: unfinished.runId };
  const rollbackRunId = createRunId(context);
  const began = clock.now();
  const lease = await takeLease(context, leaseName(target), rollbackRunId);
  let kept = false;
  try {
    const request: UndoRequest = {
      runId: options.runId,
      rollbackRunId,
      policy: options.onConflict,
      catalog: await engine.catalog(),
    };
    const outcome = await engine.transaction(async (tx): Promise<RollbackResult | undefined> => {
      await holdLease(context, tx, lease);
      const plan = await engine.journal.plan(tx, request);
      if (options.planDigest !== undefined && options.planDigest !== plan.digest)
        throw planChanged(options.planDigest, plan.digest);
      if (options.onConflict === "force")
        await assertApproval(context, tx, options.approval, plan.digest, options.operator);
      const conflicts = Object.values(plan.tables).reduce((sum, counts) => sum + conflictRows(counts), 0);
      if (conflicts > 0 && options.onConflict === "abort") {
        await engine.journal.forget(tx, rollbackRunId);
        return planResult(options.runId, plan, clock.now().getTime() - began.getTime());
      }
      const checkpoint: Checkpoint = {
        phase: "revert",
        plan,
        policy: options.onConflict,
        cursor: { phase: 0, seq: "0" },
        stepRows: context.stepRows ?? firstStepRows,
        done: 0,
      };
      await engine.store.createRun(tx, {
        runId: rollbackRunId,
        kind: "rollback",
        mode: "live",
        migration: target.migration,
        operator: options.operator,
        startedAt: began.toISOString(),
        revertsRunId: options.runId,
        planDigest: plan.digest,
        input: { onConflict: options.onConflict, approval: options.approval ?? null, auditTable: options.auditTable },
      });
      await engine.store.updateRun(tx, rollbackRunId, { checkpoint });
      // A run that stopped half way and is taken back must not be resumed over its own undoing.
      if (target.state !== "completed") {
        await engine.store.updateRun(tx, target.runId, {
          state: "aborted",
          error: { code: "ROLLED_BACK", message: `taken back by ${rollbackRunId}` },
        });
      }
      await appendAudit(tx, engine.dialect, options.auditTable, "migration:rollback:started", {
        run_id: options.runId,
        rollback_run_id: rollbackRunId,
        operator: options.operator,
        on_conflict: options.onConflict,
        plan: plan.digest,
      });
      return undefined;
    });
    if (outcome) return { rollbackRunId, result: outcome };
    kept = true;
    return { rollbackRunId };
  } finally {
    if (!kept) await releaseLease(context, lease).catch(() => {});
  }
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

async function rollbackStep(
  context: Context,
  auditTable: TableRef,
  rollbackRunId: string,
  lease: Lease,
): Promise<boolean> {
  const { engine, clock } = context;
  const run = (await engine.store.run(engine, rollbackRunId))!;
  const checkpoint = run.checkpoint as Checkpoint;
  const request: UndoRequest = {
    runId: run.revertsRunId!,
    rollbackRunId,
    policy: checkpoint.policy,
    catalog: await engine.catalog(),
    replay: checkpoint.plan.replay !== null,
  };
  if (checkpoint.phase === "evidence") return await conclude(context, auditTable, run, lease, checkpoint);
  const began = clock.now().getTime();
  const progress = await engine.transaction(
    async (tx) => {
      await holdLease(context, tx, lease);
      await engine.journal.begin(tx, rollbackRunId);
      const step = await engine.journal.revert(tx, request, checkpoint.cursor, checkpoint.stepRows);
      const durationMs = clock.now().getTime() - began;
      const done = checkpoint.done + step.rows;
      const next: Checkpoint = step.done
        ? {
            phase: "evidence",
            plan: checkpoint.plan,
            policy: checkpoint.policy,
            completedAt: clock.now().toISOString(),
            done,
            remaining: await engine.journal.remaining(tx, request),
          }
        : {
            ...checkpoint,
            cursor: step.cursor,
            done,
            stepRows: step.rows === 0 ? checkpoint.stepRows : (context.stepRows ?? nextStepRows(step.rows, durationMs)),
          };
      await engine.store.updateRun(tx, rollbackRunId, { checkpoint: next, addRows: step.rows });
      if (step.rows > 0) {
        await engine.store.addStep(tx, { runId: rollbackRunId, name: "revert", rows: step.rows, durationMs });
        await appendAudit(tx, engine.dialect, auditTable, "migration:rollback:step", {
          run_id: run.revertsRunId,
          rollback_run_id: rollbackRunId,
          records: step.rows,
        });
      }
      return { done };
    },
    { lockTimeoutMs: 30_000 },
  );
  context.onProgress?.({
    runId: rollbackRunId,
    phase: "rollback",
    done: progress.done,
    total: planResult("", checkpoint.plan, 0).classes.reverted,
  });
  return false;
}

/** Everything is back; what is left is the record of it. Repeating it gives the same bundle. */
async function conclude(
  context: Context,
  auditTable: TableRef,
  run: Run,
  lease: Lease,
  checkpoint: Checkpoint & { phase: "evidence" },
): Promise<boolean> {
  const { engine, vault } = context;
  const durationMs = Date.parse(checkpoint.completedAt) - Date.parse(run.startedAt);
  if (checkpoint.remaining > 0) {
    throw new RunbackError(
      "ROLLBACK_UNVERIFIED",
      `${checkpoint.remaining} row(s) differ from their before-image after the rollback.`,
      {
        recovery:
          "All steps are committed. A trigger of the target or another writer changed rows meanwhile: plan again with `runback rollback <run-id> --plan` to see which.",
        exit: 1,
      },
    );
  }
  const result: RollbackResult = {
    ...planResult(run.revertsRunId!, checkpoint.plan, durationMs),
    rollbackRunId: run.runId,
    verified: true,
  };
  const prefix = `bundles/${run.runId}`;
  const written = await writeBundle(
    vault,
    prefix,
    new Map([
      [
        "rollback-report.json",
        Buffer.from(
          `${JSON.stringify({ ...result, operator: run.operator, startedAt: run.startedAt, completedAt: checkpoint.completedAt }, null, 2)}\n`,
        ),
      ],
    ]),
  );
  const bundle = { path: prefix, sha256: written.sha256 };
  await engine.transaction(async (tx) => {
    await holdLease(context, tx, lease);
    await engine.journal.forget(tx, run.runId);
    await engine.store.updateRun(tx, run.runId, {
      state: "completed",
      result: { ...result, bundle },
      bundle,
      completedAt: checkpoint.completedAt,
    });
    await appendAudit(tx, engine.dialect, auditTable, "migration:rollback:level1", {
      run_id: run.revertsRunId,
      rollback_run_id: run.runId,
      operator: run.operator,
      records_affected: checkpoint.done,
      classes: result.classes,
      duration: Math.ceil(durationMs / 1000),
      bundle_sha256: written.sha256,
    });
    await engine.store.releaseLease(tx, lease);
  });
  return true;
}

/** A rollback of this run that was interrupted is gone on with, not started twice. */
async function unfinishedRollback({ engine }: Pick<Context, "engine">, runId: string): Promise<Run | undefined> {
  for (let before: string | undefined; ; ) {
    const page = await engine.store.runs(engine, { limit: 100, ...(before === undefined ? {} : { before }) });
    const found = page.runs.find((run) => run.revertsRunId === runId && isUnfinished(run));
    if (found || page.next === null) return found;
    before = page.next;
  }
}

/** Failures after which the rows are not what was planned for: only a new plan can say what to do. */
const needsNewPlan = ["CHANGED_MEANWHILE", "CONSTRAINT_REFUSED", "ROLLBACK_UNVERIFIED"];

function isUnfinished({ state, error }: Run): boolean {
  if (state === "failed") return error === null || !needsNewPlan.includes(error.code);
  return state === "running" || state === "paused";
}

const leaseName = (run: Run) => `migration:${run.migration}`;

function planChanged(seen: string, now: string): RunbackError {
  return new RunbackError("PLAN_CHANGED", "The rollback plan is not the one that was seen any more.", {
    recovery:
      "Nothing was written. Plan again with `runback rollback <run-id> --plan`, review it, then execute that plan.",
    exit: 1,
    status: 409,
    details: { seen, now },
  });
}
