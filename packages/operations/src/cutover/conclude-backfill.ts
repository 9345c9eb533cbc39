import { qualifiedName } from "@runback/core";
import { writeBundle } from "@runback/vault";
import { appendAudit } from "../audit/append.ts";
import type { Context } from "../context.ts";
import { holdLease } from "../run/lease-guard.ts";
import type { EvidenceCheckpoint } from "./backfill-checkpoint.ts";
import type { BackfillResult } from "./backfill-result.ts";
import type { Filling } from "./backfill-step.ts";

/** Nothing is left to fill; what is left is the record of it. Repeating it gives the same bundle. */
export async function concludeBackfill(
  context: Context,
  { table, column, input, lease, runId }: Filling,
  checkpoint: EvidenceCheckpoint,
): Promise<boolean> {
  const { engine, vault } = context;
  const run = (await engine.store.run(engine, runId))!;
  const { filled, steps, longestStepMs, lockTimeouts, pausedMs, quarantinedRows } = checkpoint;
  // In this order wherever they come from: PostgreSQL's jsonb gives keys back in its own, and the bundle would be another one.
  const quarantined = checkpoint.quarantined.map(({ value, rows }) => ({ value, rows }));
  const durationMs = Date.parse(checkpoint.completedAt) - Date.parse(run.startedAt);
  const result: Omit<BackfillResult, "bundle"> = {
    runId: run.runId,
    cutover: run.migration,
    table: qualifiedName(table),
    column,
    runbookCompat: input.runbookCompat,
    filled,
    quarantined,
    quarantinedRows,
    remaining: 0,
    steps,
    longestStepMs,
    lockTimeouts,
    pausedMs,
    passes: checkpoint.pass,
    durationMs,
  };
  const prefix = `bundles/${run.runId}`;
  const report = { ...result, operator: run.operator, startedAt: run.startedAt, completedAt: checkpoint.completedAt };
  const { sha256 } = await writeBundle(
    vault,
    prefix,
    new Map([["backfill-report.json", Buffer.from(`${JSON.stringify(report, null, 2)}\n`)]]),
  );
  const bundle = { path: prefix, sha256 };
  await engine.transaction(async (tx) => {
    await holdLease(context, tx, lease);
    await engine.store.updateRun(tx, run.runId, {
      state: "completed",
      result: { ...result, bundle },
      bundle,
      completedAt: checkpoint.completedAt,
    });
    await appendAudit(tx, engine.dialect, input.auditTable, "migration:completed", {
      run_id: run.runId,
      operator: run.operator,
      counts: { filled, quarantined: quarantinedRows },
      duration: Math.ceil(durationMs / 1000),
      bundle_sha256: sha256,
    });
    await engine.store.releaseLease(tx, lease);
  });
  return true;
}
