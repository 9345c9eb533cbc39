import type { Lease, TableRef, UndoRequest } from "@runback/core";
import { closingBehind, recordUndo } from "../attendance/undo-entries.ts";
import { appendAudit } from "../audit/append.ts";
import type { Context } from "../context.ts";
import { nextStepRows } from "../run/advance.ts";
import { holdLease } from "../run/lease-guard.ts";
import type { RollbackCheckpoint } from "./checkpoint.ts";
import { concludeRollback } from "./conclude-rollback.ts";
import { planResult } from "./plan-rollback.ts";

/** Takes back the next rows and records where that leads; true when the rollback is complete. */
export async function rollbackStep(
  context: Context,
  auditTable: TableRef,
  rollbackRunId: string,
  lease: Lease,
): Promise<boolean> {
  const { engine, clock } = context;
  const run = (await engine.store.run(engine, rollbackRunId))!;
  const checkpoint = run.checkpoint as RollbackCheckpoint;
  const request: UndoRequest = {
    runId: run.revertsRunId!,
    rollbackRunId,
    policy: checkpoint.policy,
    catalog: await engine.catalog(),
    replay: checkpoint.plan.replay !== null,
  };
  if (checkpoint.phase === "evidence") return await concludeRollback(context, auditTable, run, lease, checkpoint);
  const closing = await closingBehind(context, run);
  const began = clock.now().getTime();
  let tell = () => {};
  const progress = await engine.transaction(
    async (tx) => {
      await holdLease(context, tx, lease);
      await engine.journal.begin(tx, rollbackRunId);
      const step = await engine.journal.revert(tx, request, checkpoint.cursor, checkpoint.stepRows);
      if (closing && step.rows > 0) tell = await recordUndo(context, tx, closing, run.revertsRunId!, run);
      const durationMs = clock.now().getTime() - began;
      const done = checkpoint.done + step.rows;
      const next: RollbackCheckpoint = step.done
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
  tell();
  context.onProgress?.({
    runId: rollbackRunId,
    phase: "rollback",
    done: progress.done,
    total: planResult("", checkpoint.plan, 0).classes.reverted,
  });
  return false;
}
