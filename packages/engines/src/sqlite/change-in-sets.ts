import type { ChangeRequest, Connection, Table } from "@runback/core";
import { triggerNames } from "./capture.ts";
import { id, table as tableName } from "./dialect.ts";
import { imageColumns, keyPlaces, liveValues } from "./row-image.ts";

/**
 * The images of all rows in one statement, then the change in another, without the table's capture triggers, which are made
 * again before the transaction ends. A trigger costs where it does nothing as well: SQLite hands every column of every row to
 * it, before and after.
 *
 * @param unlessNull whether a row is left as it is for which a value is NULL
 * @returns the rows written; null, and nothing written, where something else changes a row on the way (triggers of others, rows
 *   that REPLACE deletes) or a value may be stored as another: only the triggers see what happens there
 */
export async function changeInSets(
  tx: Connection,
  runId: string,
  { table, set, where, params }: ChangeRequest,
  unlessNull = false,
): Promise<number | null> {
  if (set.some(({ column }) => !storesAsText(table, column) || isUnique(table, column))) return null;
  const layout = await layoutAlone(tx, runId, table);
  if (layout === null) return null;
  const columns = imageColumns(table);
  const before = liveValues("t", columns);
  const places = set.map(({ column }) => columns.findIndex(({ name }) => name === column));
  // Of one column that differs the other values are not written again: half of the journal.
  const narrow = set.length === 1;
  const repeated = narrow ? keyPlaces(table, columns) : columns.map((_, at) => at).filter((at) => !places.includes(at));
  const images = [
    ["only", narrow ? String(places[0]) : "NULL"],
    ...columns.map((_, at) => [`b${at}`, before[at]]),
    ...repeated.map((at) => [`a${at}`, before[at]]),
    ...places.map((at, n) => [`a${at}`, `t.runback_value${n}`]),
  ];
  const values = set.map(({ value }, n) => `CAST(${value} AS TEXT) AS runback_value${n}`);
  const found = unlessNull ? `WHERE ${set.map((_, n) => `t.runback_value${n} IS NOT NULL`).join(" AND ")}` : "";
  for (const { name } of layout.triggers) await tx.query(`DROP TRIGGER ${id(name)}`);
  // The limit keeps SQLite from computing a value twice, once for the condition.
  const { count } = await tx.query(
    `INSERT INTO runback_journal (run, layout, ${images.map(([name]) => name).join(", ")})
     SELECT ${layout.run}, ${layout.num}, ${images.map(([, image]) => image).join(", ")}
     FROM (SELECT t.*, ${values.join(", ")} FROM ${tableName(table)} AS t WHERE ${where} LIMIT -1) t ${found}`,
    params,
  );
  const sets = set.map(
    ({ column, value }) => `${id(column)} = ${unlessNull ? `coalesce(${value}, t.${id(column)})` : value}`,
  );
  await tx.query(`UPDATE ${tableName(table)} AS t SET ${sets.join(", ")} WHERE ${where}`, params);
  for (const { sql } of layout.triggers) await tx.script(sql);
  return count;
}

/** By the rules of column affinity: what is a text stays that text. */
function storesAsText(table: Table, column: string): boolean {
  const type = table.columns.find((each) => each.name === column)!.type.toUpperCase();
  return !type.includes("INT") && /CHAR|CLOB|TEXT/.test(type);
}

/** Whether an update of the column may run into a unique index: one over expressions may hold any column. */
function isUnique(table: Table, column: string): boolean {
  return (
    table.primaryKey.includes(column) ||
    table.uniqueIndexes.some(
      ({ columns, predicate }) => predicate !== null || columns.some((name) => name === null || name === column),
    )
  );
}

/** The layout that a table is captured by now and its update triggers, where no trigger of others is on the table. */
async function layoutAlone(
  tx: Connection,
  runId: string,
  table: Table,
): Promise<{
  readonly num: number;
  readonly run: number;
  readonly triggers: readonly { readonly name: string; readonly sql: string }[];
} | null> {
  const layouts = await tx.query<{ num: number; relation: number; run: number | null }>(
    `SELECT num, relation, (SELECT num FROM runback_runs WHERE run_id = $2 AND state = 'running') AS run
     FROM runback_layouts WHERE table_name = $1 AND current = 1`,
    [table.name, runId],
  );
  const [found, more] = layouts.rows;
  if (found === undefined || found.run === null || more !== undefined) return null;
  const own = triggerNames(found.relation);
  const { rows } = await tx.query<{ name: string; sql: string }>(
    "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' AND lower(tbl_name) = lower($1) ORDER BY rowid",
    [table.name],
  );
  if (rows.length !== own.length || rows.some(({ name }) => !own.includes(name))) return null;
  return { num: found.num, run: found.run, triggers: rows.filter(({ name }) => name.includes("_update_")) };
}
