import { type Lease, type Run, RunbackError, type TableRef } from "@runback/core";
import { writeBundle } from "@runback/vault";
import { appendAudit } from "../audit/append.ts";
import type { Context } from "../context.ts";
import { holdLease } from "../run/lease-guard.ts";
import type { RollbackCheckpoint } from "./checkpoint.ts";
import { planResult } from "./plan-rollback.ts";
import type { RollbackResult } from "./rollback-result.ts";

/** Everything is back; what is left is the record of it. Repeating it gives the same bundle. */
export async function concludeRollback(
  context: Context,
  auditTable: TableRef,
  run: Run,
  lease: Lease,
  checkpoint: RollbackCheckpoint & { phase: "evidence" },
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
