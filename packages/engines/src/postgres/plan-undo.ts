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
import { id, table as tableName } from "./dialect.ts";
import { findConflicts } from "./find-conflicts.ts";
import { type Layout, layoutsOf } from "./layout.ts";
import { asText, imageDigest, liveDigest, matchesKey } from "./row-image.ts";
import { runNumber } from "./run-number.ts";
import { orderSelfReferences } from "./self-references.ts";
import { useExactTextInBulk } from "./session.ts";

/** Puts every row of the run in exactly one class. Writes only `runback.undo_rows`, under the rollback's id. */
export async function planUndo(tx: Connection, request: UndoRequest): Promise<UndoPlan> {
  await tx.query(useExactTextInBulk);
  const run = await runNumber(tx, request.runId);
  await settle(tx, "journal (run, layout, ord)", "journal_run");
  const touched = await touchedTables(tx, run);
  const layouts = await layoutsOf(tx, [...touched.keys()], request.catalog.tables);
  await forgetPlan(tx, request.rollbackRunId);
  await tx.query("INSERT INTO runback.undo_plans (plan, layouts) VALUES ($1, $2::int[])", [
    request.rollbackRunId,
    `{${[...touched.keys()].join(",")}}`,
  ]);
  for (const layout of layouts) await classify(tx, request, layout, net(run, layout, touched.get(layout.num)!));
  await settle(tx, "undo_rows (plan, act, layout, seq, keyed)", "undo_rows_order");
  const uniqueOrder = await findConflicts(tx, request, layouts, run);
  for (const layout of layouts) await orderSelfReferences(tx, request.rollbackRunId, layout);
  const keyChange = await tx.query("SELECT FROM runback.key_changes WHERE run = $1::int LIMIT 1", [run]);
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

/**
 * What autovacuum would do some time later. Rows just written count as a handful without statistics, and are looked up
 * one by one; a block range index knows nothing of new pages, and each is read, until they are summarised.
 */
async function settle(tx: Connection, columns: string, index: string): Promise<void> {
  await tx.script(`ANALYZE runback.${columns}`);
  await tx.query(`SELECT brin_summarize_new_values('runback.${index}'::regclass)`);
}

/** Drops the rows of a plan. */
export async function forgetPlan(tx: Connection, plan: string): Promise<void> {
  await tx.query("DELETE FROM runback.undo_rows WHERE plan = $1", [plan]);
  await tx.query("DELETE FROM runback.undo_plans WHERE plan = $1", [plan]);
}

/** How often a run touched rows of a table: `once` each, or some row `repeatedly`. */
type Touched = "once" | "repeatedly";

/**
 * The layouts a run wrote under, in one pass over its entries. Keys are told apart by a 64-bit hash: two keys that
 * share one only cost the longer way.
 */
async function touchedTables(tx: Connection, run: number): Promise<Map<number, Touched>> {
  const found = await tx.query<{ layout: number; repeatedly: boolean }>(
    `SELECT layout, max(entries) > 1 AS repeatedly FROM (
       SELECT layout, count(*) AS entries FROM runback.journal WHERE run = $1::int
       GROUP BY layout, hash_array_extended(key, 0)) touched
     GROUP BY layout ORDER BY layout`,
    [run],
  );
  return new Map(found.rows.map(({ layout, repeatedly }) => [layout, repeatedly ? "repeatedly" : "once"]));
}

interface Net {
  readonly touched: Touched;
  /** Query for key, before, after. */
  readonly rows: string;
}

/** The net change of each key over the run: its first before-image and its last after-digest. Rows touched once need no sort for that. */
function net(run: number, layout: Layout, touched: Touched): Net {
  const entries = `runback.journal j WHERE j.run = ${run} AND j.layout = ${layout.num}`;
  if (touched === "once") return { touched, rows: `SELECT key, before, after FROM ${entries}` };
  // Of two entries of one statement (a row deleted and its key inserted again) the one with the image came first.
  const rows = `
    SELECT f.key, f.before, l.after FROM
      (SELECT key, before, row_number() OVER (PARTITION BY key ORDER BY ord, before IS NULL) AS at FROM ${entries}) f
      JOIN (SELECT key, after, row_number() OVER (PARTITION BY key ORDER BY ord DESC, after IS NULL) AS at FROM ${entries}) l
        ON l.key = f.key AND l.at = 1
    WHERE f.at = 1`;
  return { touched, rows };
}

async function classify(tx: Connection, request: UndoRequest, layout: Layout, { touched, rows }: Net): Promise<void> {
  const { table, columns } = layout;
  const present = `t.${id(table.primaryKey[0]!)} IS NOT NULL`;
  const force = request.policy === "force";
  // OFFSET 0 keeps the planner from copying a digest into every place that reads it. The before-image's is computed only
  // where it can decide: a row touched once that is as the run left it is not as it was before.
  await tx.query(
    `INSERT INTO runback.undo_rows (plan, layout, key, class, act, keyed, before, guard, place, version)
     SELECT $1, ${layout.num}, key, class,
       CASE WHEN class = 'reverted' THEN CASE WHEN before IS NULL THEN 'delete' WHEN after IS NULL THEN 'insert' ELSE 'update' END
         ${force ? "WHEN class = 'edited' THEN CASE WHEN before IS NULL THEN 'delete' ELSE 'update' END WHEN class = 'missing' THEN 'insert'" : ""}
         WHEN class = 'already' AND live IS NOT DISTINCT FROM after THEN 'pass' ELSE 'none' END,
       keyed, before, CASE WHEN class = 'edited' THEN live ELSE after END, place, version
     FROM (
       SELECT *, CASE
           WHEN live IS NOT DISTINCT FROM after THEN
             CASE WHEN before IS NULL AND after IS NULL OR restored = after THEN 'already' ELSE 'reverted' END
           WHEN live IS NOT DISTINCT FROM restored OR before IS NULL AND after IS NULL THEN 'already'
           WHEN before IS NOT NULL AND after IS NOT NULL AND live IS NULL THEN 'missing'
           ELSE 'edited'
         END AS class
       FROM (
         SELECT *, CASE WHEN before IS NOT NULL AND (${touched === "repeatedly"} OR live IS DISTINCT FROM after) THEN ${imageDigest("before", columns)} END AS restored
         FROM (
           SELECT n.key, n.before, n.after, ${touchesKeys(layout)} AS keyed, CASE WHEN ${present} THEN ${liveDigest("t", columns)} END AS live,
             t.ctid AS place, t.xmin AS version
           FROM (${rows}) n LEFT JOIN ${tableName(table)} t ON ${matchesKey("t", "n.key", table)}
           OFFSET 0
         ) live
         OFFSET 0
       ) digested
     ) classified`,
    [request.rollbackRunId],
  );
}

/** Whether taking a row back changes a column of a unique index or a foreign key: only then can it collide or dangle. */
function touchesKeys({ table, columns }: Layout): string {
  const named = new Set([
    ...table.uniqueIndexes.filter((index) => !index.primary).flatMap((index) => index.columns),
    ...table.foreignKeys.flatMap((key) => key.columns),
  ]);
  // An expression, a predicate or a generated column may read any column.
  const any =
    table.columns.some((column) => column.generated && named.has(column.name)) ||
    table.uniqueIndexes.some((index) => index.columns.includes(null) || index.predicate !== null);
  const differs = columns.flatMap((column, index) =>
    any || named.has(column.name)
      ? [`${asText(`t.${id(column.name)}`, column)} IS DISTINCT FROM (n.before)[${index + 1}]`]
      : [],
  );
  const absent = `t.${id(table.primaryKey[0]!)} IS NULL`;
  return `n.before IS NOT NULL AND (${["n.after IS NULL", absent, ...differs].join(" OR ")})`;
}

async function count(
  tx: Connection,
  plan: string,
  layouts: readonly Layout[],
): Promise<{ tables: Record<string, UndoCounts>; fingerprint: readonly unknown[] }> {
  const counted = await tx.query<{ layout: number; class: keyof UndoCounts; rows: string; a: string; b: string }>(
    `SELECT layout, class, count(*)::text AS rows, bit_xor(hash_record_extended(ROW(act, guard, key), 0))::text AS a,
       bit_xor(hash_record_extended(ROW(act, guard, key), 1))::text AS b
     FROM runback.undo_rows WHERE plan = $1
     GROUP BY layout, class ORDER BY layout, class`,
    [plan],
  );
  const tables: Record<string, UndoCounts> = {};
  for (const layout of layouts) {
    tables[qualifiedName(layout.table)] = countsOf(counted.rows.filter((row) => row.layout === layout.num));
  }
  return { tables, fingerprint: counted.rows.map(({ layout, a, b }) => [layout, a, b]) };
}

async function conflicts(tx: Connection, plan: string, layouts: readonly Layout[]): Promise<UndoConflict[]> {
  const found = await tx.query<{ layout: number; key: string[]; class: UndoConflict["class"]; detail: string | null }>(
    `SELECT layout, to_json(key) AS key, class, detail FROM runback.undo_rows
     WHERE plan = $1 AND class IN ('edited', 'missing', 'referenced') ORDER BY layout, seq LIMIT ${conflictsListed}`,
    [plan],
  );
  const tables = new Map(layouts.map((layout) => [layout.num, layout.table]));
  return found.rows.map((row) => undoConflict(tables.get(row.layout)!, row.key, row));
}
