import {
  type Connection,
  foreignKeyOrder,
  qualifiedName,
  type UndoConflict,
  type UndoCounts,
  type UndoPlan,
  type UndoRequest,
} from "@runback/core";
import { conflictsListed, countsOf, undoConflict, undoPlan } from "../shared/undo-plan.ts";
import { table as tableName } from "./dialect.ts";
import { findConflicts } from "./find-conflicts.ts";
import { type Layout, layoutsOf } from "./layout.ts";
import {
  entryKey,
  hasRow,
  imageValues,
  keyColumns,
  liveDigest,
  liveValues,
  matchesKey,
  sameValues,
} from "./row-image.ts";
import { closeWindow } from "./run-marker.ts";
import { runNumber } from "./run-number.ts";

/** Puts every row of the run in exactly one class. Writes only `runback_undo_rows`, under the rollback's id. */
export async function planUndo(tx: Connection, request: UndoRequest): Promise<UndoPlan> {
  const run = await runNumber(tx, request.runId);
  // A program of this run that is still there writes for itself from now on.
  await closeWindow(tx, request.runId);
  const layouts = await layoutsOf(tx, run, request.catalog.tables);
  await tx.query("DELETE FROM runback_undo_rows WHERE plan = $1", [request.rollbackRunId]);
  for (const layout of layouts) await classify(tx, request, run, layout);
  const uniqueOrder = await findConflicts(tx, request, layouts, run);
  const keyChange = await tx.query("SELECT 1 FROM runback_key_changes WHERE run = $1 LIMIT 1", [run]);
  const { tables, fingerprint } = await count(tx, request.rollbackRunId, layouts);
  const circle = foreignKeyOrder(layouts.map((layout) => layout.table)).cyclic;
  return undoPlan(request, {
    tables,
    fingerprint,
    conflicts: await conflicts(tx, request.rollbackRunId, layouts),
    keyChange: keyChange.count > 0,
    uniqueOrder,
    circle,
  });
}

/** The net change of each key over the run is its first entry's before-image and its last one's after-image. */
async function classify(tx: Connection, request: UndoRequest, run: number, layout: Layout): Promise<void> {
  const { table, columns, num } = layout;
  const key = entryKey("j", table, columns);
  const force = request.policy === "force";
  const had = hasRow("f", "b", table, columns);
  const has = hasRow("l", "a", table, columns);
  const present = `t.${liveValues("", keyColumns(table))[0]!.slice(1)} IS NOT NULL`;
  const live = liveValues("t", columns);
  const isAfter = `(${has}) = (${present}) AND (NOT (${has}) OR ${sameValues(live, imageValues("l", "a", columns))})`;
  const isBefore = `(${had}) = (${present}) AND (NOT (${had}) OR ${sameValues(live, imageValues("f", "b", columns))})`;
  const same = `(${had}) = (${has}) AND (NOT (${had}) OR ${sameValues(imageValues("f", "b", columns), imageValues("l", "a", columns))})`;
  await tx.query(
    `INSERT INTO runback_undo_rows (plan, layout, key, first, last, class, act, keyed, guard)
     SELECT $1, ${num}, key, first, last, class,
       CASE WHEN class = 'reverted' THEN CASE WHEN NOT had THEN 'delete' WHEN NOT has THEN 'insert' ELSE 'update' END
         ${force ? "WHEN class = 'edited' THEN CASE WHEN NOT had THEN CASE WHEN present THEN 'delete' ELSE 'none' END WHEN present THEN 'update' ELSE 'insert' END WHEN class = 'missing' THEN 'insert'" : ""}
         WHEN class = 'already' AND is_after THEN 'pass' ELSE 'none' END,
       had AND (NOT has OR NOT present OR ${touchesKeys(layout)}), CASE WHEN class = 'edited' THEN live END
     FROM (
       SELECT *, CASE
           WHEN is_after THEN CASE WHEN is_same THEN 'already' ELSE 'reverted' END
           WHEN is_before OR NOT had AND NOT has THEN 'already'
           WHEN had AND has AND NOT present THEN 'missing'
           ELSE 'edited'
         END AS class
       FROM (
         SELECT n.first, n.last, runback_row(${entryKey("f", table, columns).join(", ")}) AS key, (${had}) AS had, (${has}) AS has,
           (${present}) AS present, (${isAfter}) AS is_after, (${isBefore}) AS is_before, (${same}) AS is_same,
           CASE WHEN ${present} AND NOT (${isAfter}) THEN ${liveDigest("t", columns)} END AS live,
           ${columns.map((_, at) => `f.b${at} AS b${at}, ${live[at]} AS t${at}`).join(", ")}
         FROM (
           SELECT min(j.ord) AS first, max(j.ord) AS last FROM runback_journal j
           WHERE j.run = ${run} AND j.layout = ${num}
           GROUP BY ${key.map((value) => `typeof(${value}), ${value}`).join(", ")}) n
         JOIN runback_journal f ON f.ord = n.first JOIN runback_journal l ON l.ord = n.last
         LEFT JOIN ${tableName(table)} t ON ${matchesKey("t", entryKey("f", table, columns), table)}))
     ORDER BY last`,
    [request.rollbackRunId],
  );
}

/** Whether taking a row back changes a column of a unique index or a foreign key: only then can it collide or dangle. */
function touchesKeys({ table, columns }: Layout): string {
  const unique = table.uniqueIndexes.filter((index) => !index.primary);
  const named = new Set([
    ...unique.flatMap((index) => index.columns),
    ...table.foreignKeys.flatMap((key) => key.columns),
  ]);
  // An expression, a predicate or a generated column may read any column.
  const any =
    table.columns.some((column) => column.generated && named.has(column.name)) ||
    unique.some((index) => index.columns.includes(null) || index.predicate !== null);
  const differs = columns.flatMap((column, at) =>
    any || named.has(column.name) ? [`NOT (${sameValues([`b${at}`], [`t${at}`])})`] : [],
  );
  return differs.length === 0 ? "false" : differs.join(" OR ");
}

async function count(
  tx: Connection,
  plan: string,
  layouts: readonly Layout[],
): Promise<{ tables: Record<string, UndoCounts>; fingerprint: readonly unknown[] }> {
  const tables: Record<string, UndoCounts> = {};
  const fingerprint: unknown[] = [];
  for (const { num, table, columns } of layouts) {
    const counted = await tx.query<{ class: keyof UndoCounts; rows: number; digest: string }>(
      `SELECT u.class, count(*) AS rows, runback_set((runback_row(u.act, u.guard, u.key, ${imageValues("l", "a", columns).join(", ")}))) AS digest
       FROM runback_undo_rows u JOIN runback_journal l ON l.ord = u.last
       WHERE u.plan = $1 AND u.layout = ${num} GROUP BY u.class ORDER BY u.class`,
      [plan],
    );
    tables[qualifiedName(table)] = countsOf(counted.rows);
    fingerprint.push([num, counted.rows.map((row) => row.digest)]);
  }
  return { tables, fingerprint };
}

async function conflicts(tx: Connection, plan: string, layouts: readonly Layout[]): Promise<UndoConflict[]> {
  const listed: UndoConflict[] = [];
  for (const { num, table, columns } of layouts) {
    const key = entryKey("f", table, columns).map(
      (value) => `CASE typeof(${value}) WHEN 'blob' THEN hex(${value}) ELSE CAST(${value} AS TEXT) END`,
    );
    const found = await tx.query<{ key: string; class: UndoConflict["class"]; detail: string | null }>(
      `SELECT json_array(${key.join(", ")}) AS key, u.class, u.detail
       FROM runback_undo_rows u JOIN runback_journal f ON f.ord = u.first
       WHERE u.plan = $1 AND u.layout = ${num} AND u.class IN ('edited', 'missing', 'referenced')
       ORDER BY u.first LIMIT ${conflictsListed - listed.length}`,
      [plan],
    );
    for (const row of found.rows) listed.push(undoConflict(table, JSON.parse(row.key) as string[], row));
  }
  return listed;
}
