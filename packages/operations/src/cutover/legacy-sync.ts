import { type ColumnCutover, findTable, type Lease, mappingCase, RunbackError, type TableRef } from "@runback/core";
import type { Context } from "../context.ts";
import { advanceSteps } from "../run/advance.ts";
import { attempt } from "../run/attempt.ts";
import { holdLease } from "../run/lease-guard.ts";
import { cutoverLease } from "./move.ts";
import { saveCutover, storedCutover } from "./stored-cutover.ts";

const rowsOfStep = 5_000;

/**
 * Brings the legacy column up to date from the new one, for rows written while nothing wrote it: in steps, each journaled, so that
 * what the legacy column held before can be had back with `rollback`. A row whose legacy value means its code keeps its spelling.
 *
 * @returns the rows that were brought up to date, over all attempts; null when it was stopped before the end
 */
export async function syncLegacy(
  context: Context,
  cutover: ColumnCutover,
  options: { readonly runId: string; readonly operator: string; readonly auditTable: TableRef },
): Promise<number | null> {
  const { engine, clock } = context;
  const { runId, operator, auditTable } = options;
  const done = await attempt(
    context,
    { runId, leaseName: cutoverLease(cutover), auditTable, operation: "cutover.retreat" },
    async (lease) => {
      const { table } = cutover;
      const name = table.schema === "" ? table.name : `${table.schema}.${table.name}`;
      const found = findTable(await engine.catalog(), name);
      if (found === undefined) throw tableMissing(name);
      await engine.transaction(async (tx) => {
        await holdLease(context, tx, lease!);
        await engine.journal.enroll(tx, [found]);
      });
      const complete = await advanceSteps(context, () => step(context, cutover, lease!), Number.POSITIVE_INFINITY);
      if (!complete) return false;
      await engine.transaction(async (tx) => {
        await holdLease(context, tx, lease!);
        const at = clock.now().toISOString();
        await engine.store.updateRun(tx, runId, { state: "completed", completedAt: at });
        const stored = await storedCutover(tx, engine.dialect, cutover);
        await saveCutover(tx, engine.dialect, { ...stored, moving: null }, { operator, at });
        await engine.store.releaseLease(tx, lease!);
      });
      return true;
    },
  );
  return done ? ((await engine.store.run(engine, runId))?.rows ?? 0) : null;
}

/** One step: the next rows that disagree. True when there are none. */
async function step(context: Context, cutover: ColumnCutover, lease: Lease): Promise<boolean> {
  const { engine, clock } = context;
  const { dialect } = engine;
  const limit = context.stepRows ?? rowsOfStep;
  const [table, column, legacy] = [
    dialect.table(cutover.table),
    dialect.id(cutover.column),
    dialect.id(cutover.legacy),
  ];
  const key = cutover.key.map(dialect.id).join(", ");
  const disagrees = `${column} IS NOT NULL AND ${dialect.isDistinct(mappingCase(cutover, dialect), dialect.grammar.exact(column))}`;
  const began = clock.now().getTime();
  const changed = await engine.transaction(async (tx) => {
    await holdLease(context, tx, lease);
    await engine.journal.begin(tx, lease.runId);
    // Asked of the row again: it may have been written in both columns since it was chosen.
    const { count } = await tx.query(
      `UPDATE ${table} SET ${legacy} = ${column}
       WHERE (${key}) IN (SELECT ${key} FROM (SELECT ${key} FROM ${table} WHERE ${disagrees} LIMIT ${Math.trunc(limit)}) AS chosen) AND ${disagrees}`,
    );
    if (count === 0) return 0;
    await engine.store.updateRun(tx, lease.runId, { addRows: count });
    const durationMs = clock.now().getTime() - began;
    await engine.store.addStep(tx, { runId: lease.runId, name: "legacy", rows: count, durationMs });
    return count;
  });
  if (changed > 0) return false;
  // All that were chosen may have been written by others meanwhile: only a look that finds none is the end.
  const { rows } = await engine.query(`SELECT 1 AS one FROM ${table} WHERE ${disagrees} LIMIT 1`);
  return rows.length === 0;
}

function tableMissing(name: string): RunbackError {
  return new RunbackError("CUTOVER_UNMEASURED", `Table ${name} is not there.`, {
    recovery: "Check that --target names the database of the cutover.",
    status: 409,
  });
}
