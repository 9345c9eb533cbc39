import type { Run } from "@runback/core";
import { requireAuditTable } from "../audit/require-audit-table.ts";
import type { Context } from "../context.ts";
import { createRunId } from "../random-id.ts";
import { attempt } from "../run/attempt.ts";
import { createSnapshot, type SnapshotOptions } from "./create.ts";
import { snapshotPort } from "./snapshot-port.ts";

/** Records that a snapshot is to be taken; `advanceSnapshot` takes it. For whoever cannot wait: its result is the run's. */
export async function startSnapshot(context: Context, options: SnapshotOptions): Promise<Run> {
  const { engine, clock } = context;
  snapshotPort(engine);
  await engine.init();
  await requireAuditTable(context, options.auditTable);
  const runId = createRunId(context);
  const { operator, reason, retainDays } = options;
  await engine.transaction((tx) =>
    engine.store.createRun(tx, {
      ...{ runId, kind: "snapshot", mode: "live", migration: "snapshot", operator },
      startedAt: clock.now().toISOString(),
      input: { reason: reason ?? null, retainDays: retainDays ?? null },
    }),
  );
  return (await engine.store.run(engine, runId))!;
}

/** Takes the snapshot of a run that was recorded. Interrupted, it is taken anew: a half one is in no listing. */
export async function advanceSnapshot(
  context: Context,
  { auditTable }: Pick<SnapshotOptions, "auditTable">,
  run: Run,
): Promise<void> {
  const { engine, clock } = context;
  const { reason, retainDays } = run.input as { reason: string | null; retainDays: number | null };
  await attempt(
    context,
    { runId: run.runId, leaseName: `snapshot:${run.runId}`, auditTable, operation: "snapshot" },
    async (lease) => {
      const result = await createSnapshot(context, {
        ...{ operator: run.operator, auditTable },
        ...(reason === null ? {} : { reason }),
        ...(retainDays === null ? {} : { retainDays }),
      });
      await engine.transaction(async (tx) => {
        await engine.store.updateRun(tx, run.runId, {
          ...{ state: "completed", result, addRows: result.rows },
          completedAt: clock.now().toISOString(),
        });
        if (lease) await engine.store.releaseLease(tx, lease);
      });
      return true;
    },
  );
}
