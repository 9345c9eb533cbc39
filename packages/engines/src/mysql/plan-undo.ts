import {
  type Connection,
  foreignKeyOrder,
  qualifiedName,
  RunbackError,
  sameTable,
  type UndoConflict,
  type UndoCounts,
  type UndoPlan,
  type UndoRequest,
} from "@runback/core";
import { conflictsListed, countsOf, undoConflict, undoPlan } from "../shared/undo-plan.ts";
import { id, table as tableName } from "./dialect.ts";
import { findConflicts } from "./find-conflicts.ts";
import { type Layout, layoutsOf } from "./layout.ts";
import { imageDigest, item, keyValues, liveDigest, matchesKey, part } from "./row-image.ts";
import { runNumber } from "./run-number.ts";

/** Puts every row of the run in exactly one class. Writes only `runback_undo_rows`, under the rollback's id. */
export async function planUndo(tx: Connection, request: UndoRequest): Promise<UndoPlan> {
  const run = await runNumber(tx, request.runId);
  const layouts = await layoutsOf(tx, run, request.catalog.tables);
  await tx.query("DELETE FROM runback_undo_rows WHERE plan = $1", [request.rollbackRunId]);
  for (const layout of layouts) await classify(tx, request, run, layout);
  const uniqueOrder = await findConflicts(tx, request, layouts, run);
  const keyChange = await tx.query("SELECT 1 FROM runback_key_changes WHERE run = $1 LIMIT 1", [run]);
  await refuseUserTriggers(tx, request, layouts);
  const { tables, fingerprint } = await count(tx, request.rollbackRunId, layouts);
  const circle =
    foreignKeyOrder(layouts.map((layout) => layout.table)).cyclic || (await selfReferences(tx, request, layouts));
  return undoPlan(request, {
    tables,
    fingerprint,
    conflicts: await conflicts(tx, request.rollbackRunId, layouts),
    keyChange: keyChange.count > 0,
    uniqueOrder,
    circle,
  });
}

/** The net change of each key over the run: the image its first change found, the digest its last one left. */
const net = (run: number, { num }: Layout) => `
  SELECT f.row_key, f.before_image, l.after_digest, n.first_ord <> n.last_ord AS twice
  FROM (SELECT row_key, min(ord) AS first_ord, max(ord) AS last_ord FROM runback_journal
    WHERE run = ${run} AND layout = ${num} GROUP BY row_key) n
  JOIN runback_journal f ON f.run = ${run} AND f.ord = n.first_ord
  JOIN runback_journal l ON l.run = ${run} AND l.ord = n.last_ord`;

async function classify(tx: Connection, request: UndoRequest, run: number, layout: Layout): Promise<void> {
  const { table, columns } = layout;
  const present = `t.${id(table.primaryKey[0]!)} IS NOT NULL`;
  const force = request.policy === "force";
  await tx.query(
    `INSERT INTO runback_undo_rows (plan, layout, row_key, class, act, keyed, before_image, guard_digest)
     SELECT $1, ${layout.num}, row_key, class,
       CASE WHEN class = 'reverted' THEN CASE WHEN before_image IS NULL THEN 'delete' WHEN after_digest IS NULL THEN 'insert' ELSE 'update' END
         ${force ? "WHEN class = 'edited' THEN CASE WHEN before_image IS NULL THEN 'delete' ELSE 'update' END WHEN class = 'missing' THEN 'insert'" : ""}
         WHEN class = 'already' AND live <=> after_digest THEN 'pass' ELSE 'none' END,
       keyed, before_image, CASE WHEN class = 'edited' THEN live ELSE after_digest END
     FROM (
       SELECT d.*, CASE
           WHEN live <=> after_digest THEN
             CASE WHEN before_image IS NULL AND after_digest IS NULL OR before_digest = after_digest THEN 'already' ELSE 'reverted' END
           WHEN live <=> before_digest OR before_image IS NULL AND after_digest IS NULL THEN 'already'
           WHEN before_image IS NOT NULL AND after_digest IS NOT NULL AND live IS NULL THEN 'missing'
           ELSE 'edited'
         END AS class
       FROM (
         SELECT n.row_key, n.before_image, n.after_digest, ${touchesKeys(layout)} AS keyed,
           CASE WHEN n.before_image IS NOT NULL THEN ${imageDigest("n.before_image")} END AS before_digest,
           CASE WHEN ${present} THEN ${liveDigest("t", columns)} END AS live
         FROM (${net(run, layout)}) n LEFT JOIN ${tableName(table)} t ON ${matchesKey("t", "n.row_key", table)}
       ) d
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
  // An expression or a generated column may read any column.
  const any =
    table.columns.some((column) => column.generated && named.has(column.name)) ||
    table.uniqueIndexes.some((index) => index.columns.includes(null));
  const differs = columns.flatMap((column, index) =>
    any || named.has(column.name)
      ? [`${part(`t.${id(column.name)}`, column)} <> ${item("n.before_image", index)}`]
      : [],
  );
  const absent = `t.${id(table.primaryKey[0]!)} IS NULL`;
  return `n.before_image IS NOT NULL AND (${["n.after_digest IS NULL", absent, ...differs].join(" OR ")})`;
}

/** Rows of a table that references itself come back in the order of the run reversed, which no constraint can refuse. */
async function selfReferences(tx: Connection, request: UndoRequest, layouts: readonly Layout[]): Promise<boolean> {
  const own = layouts.filter(({ table }) => table.foreignKeys.some((key) => sameTable(key.references, table)));
  if (own.length === 0) return false;
  const found = await tx.query(
    `SELECT 1 FROM runback_undo_rows WHERE plan = $1 AND layout IN (${own.map(({ num }) => num).join(", ")})
       AND act <> 'none' LIMIT 1`,
    [request.rollbackRunId],
  );
  return found.count > 0;
}

/**
 * Triggers cannot be silenced for one session here. One that fires while rows are put back would change them again, or
 * write rows that nobody asked for.
 *
 * @throws `TRIGGERS_FIRE`
 */
async function refuseUserTriggers(tx: Connection, request: UndoRequest, layouts: readonly Layout[]): Promise<void> {
  const tables = layouts.filter(({ table }) => table.userTriggers.length > 0);
  if (tables.length === 0) return;
  const acting = await tx.query<{ layout: number }>(
    "SELECT DISTINCT layout FROM runback_undo_rows WHERE plan = $1 AND act <> 'none'",
    [request.rollbackRunId],
  );
  const firing = tables.filter(({ num }) => acting.rows.some((row) => row.layout === num));
  if (firing.length === 0) return;
  const names = firing.flatMap(({ table }) => table.userTriggers.map(({ name }) => `${name} on ${table.name}`));
  throw new RunbackError(
    "TRIGGERS_FIRE",
    `Triggers would fire while rows are put back, and this server cannot silence them: ${names.join(", ")}.`,
    {
      recovery:
        "Nothing was written. Keep applications out, note their definitions (SHOW CREATE TRIGGER), drop them, roll back, and create them again.",
      status: 409,
      details: { triggers: names },
    },
  );
}

async function count(
  tx: Connection,
  plan: string,
  layouts: readonly Layout[],
): Promise<{ tables: Record<string, UndoCounts>; fingerprint: readonly unknown[] }> {
  const said = "sha2(concat_ws('|', act, hex(guard_digest), row_key), 256)";
  const word = (from: number) => `CAST(bit_xor(CAST(conv(substr(${said}, ${from}, 16), 16, 10) AS unsigned)) AS char)`;
  const counted = await tx.query<{ layout: number; class: keyof UndoCounts; rows: string; a: string; b: string }>(
    `SELECT layout, class, count(*) AS rows, ${word(1)} AS a, ${word(17)} AS b
     FROM runback_undo_rows WHERE plan = $1 GROUP BY layout, class ORDER BY layout, class`,
    [plan],
  );
  const tables: Record<string, UndoCounts> = {};
  for (const layout of layouts) {
    tables[qualifiedName(layout.table)] = countsOf(counted.rows.filter((row) => row.layout === layout.num));
  }
  return { tables, fingerprint: counted.rows.map(({ layout, a, b }) => [layout, a, b]) };
}

async function conflicts(tx: Connection, plan: string, layouts: readonly Layout[]): Promise<UndoConflict[]> {
  const found = await tx.query<{
    layout: number;
    row_key: string;
    class: UndoConflict["class"];
    detail: string | null;
  }>(
    `SELECT layout, row_key, class, detail FROM runback_undo_rows
     WHERE plan = $1 AND class IN ('edited', 'missing', 'referenced') ORDER BY layout, seq LIMIT ${conflictsListed}`,
    [plan],
  );
  const tables = new Map(layouts.map((layout) => [layout.num, layout.table]));
  return found.rows.map((row) => {
    const table = tables.get(row.layout)!;
    return undoConflict(table, keyValues(row.row_key, table), row);
  });
}
