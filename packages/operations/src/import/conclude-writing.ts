import { type Lease, type Run, sameTable } from "@runback/core";
import type { Context } from "../context.ts";
import { holdLease } from "../run/lease-guard.ts";
import type { ApplyCheckpoint, EvidenceCheckpoint } from "./checkpoint.ts";
import { digestedTables } from "./digested-tables.ts";
import type { ImportOptions } from "./import-options.ts";
import { countRows, importTables } from "./import-tables.ts";

/** The last write: when the source was last read completely. Then the state of the tables is fixed, in one snapshot. */
export async function concludeWriting(
  context: Context,
  options: ImportOptions,
  run: Run,
  lease: Lease,
  checkpoint: ApplyCheckpoint,
): Promise<void> {
  const { engine, clock } = context;
  const { runId } = run;
  const { declaration } = options;
  const tables = await importTables(context, declaration);
  const refused =
    Object.values(checkpoint.plan.entities).some((counts) => counts.quarantined + counts.conflicts > 0) ||
    Object.keys(checkpoint.applied.changedMeanwhile).length > 0;
  const wrote = checkpoint.applied.rows > 0;
  if (declaration.syncState && !refused && wrote) {
    const { table, columns } = declaration.syncState;
    const time = engine.dialect.cast("$1", "instant");
    await engine.transaction(async (tx) => {
      await holdLease(context, tx, lease);
      await engine.journal.begin(tx, runId);
      // From when it began, not when it ended: what changed at the source meanwhile is asked for again next time.
      await tx.query(
        `UPDATE ${engine.dialect.table(table)} SET ${columns.map((column) => `${engine.dialect.id(column)} = ${time}`).join(", ")}`,
        [run.startedAt],
      );
    });
  }
  const evidence = await engine.transaction(
    async (tx) => {
      const after: Record<string, number> = {};
      const digests = [];
      for (const entity of declaration.entities)
        after[entity.name] = await countRows(context, tx, tables.find((table) => sameTable(table, entity.table))!);
      for (const table of digestedTables(declaration, tables)) digests.push(await engine.digests(tx, table));
      return { after, digests };
    },
    { isolation: "snapshot", readOnly: true, bulk: true },
  );
  await engine.transaction(async (tx) => {
    await holdLease(context, tx, lease);
    const next: EvidenceCheckpoint = {
      phase: "evidence",
      plan: checkpoint.plan,
      applied: checkpoint.applied,
      completedAt: clock.now().toISOString(),
      ...evidence,
    };
    await engine.store.updateRun(tx, runId, { checkpoint: next });
  });
}
