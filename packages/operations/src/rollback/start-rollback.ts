import { conflictRows, RunbackError, type UndoRequest } from "@runback/core";
import { assertApproval } from "../approvals/approvals.ts";
import { appendAudit } from "../audit/append.ts";
import type { Context } from "../context.ts";
import { createRunId } from "../random-id.ts";
import { holdLease, releaseLease, takeLease } from "../run/lease-guard.ts";
import type { RollbackCheckpoint } from "./checkpoint.ts";
import { leaseName } from "./lease-name.ts";
import { planResult, rollbackTarget } from "./plan-rollback.ts";
import type { RollbackOptions } from "./rollback-options.ts";
import type { RollbackResult } from "./rollback-result.ts";
import { unfinishedRollback } from "./unfinished-rollback.ts";

const firstStepRows = 5_000;

/** Plans, checks the plan against what was seen and approved, and records the rollback run in the same transaction. */
export async function startRollback(
  context: Context,
  options: RollbackOptions,
): Promise<{ rollbackRunId: string; result?: RollbackResult }> {
  const { engine, clock } = context;
  // The run may be older than this version of Runback's own tables.
  await engine.init();
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
      const checkpoint: RollbackCheckpoint = {
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

function planChanged(seen: string, now: string): RunbackError {
  return new RunbackError("PLAN_CHANGED", "The rollback plan is not the one that was seen any more.", {
    recovery:
      "Nothing was written. Plan again with `runback rollback <run-id> --plan`, review it, then execute that plan.",
    exit: 1,
    status: 409,
    details: { seen, now },
  });
}
