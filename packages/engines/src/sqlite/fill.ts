import type { Connection, FillRequest, Table } from "@runback/core";
import { fillByTriggers } from "../shared/fill-by-triggers.ts";
import { triggerNames } from "./capture.ts";
import { id, table as tableName } from "./dialect.ts";
import { beginJournal } from "./enroll.ts";
import { imageColumns, keyPlaces, liveValues } from "./row-image.ts";

/**
 * The images of all rows in one statement, then the change in another, without the table's capture triggers, which are
 * made again before the transaction ends. A trigger costs where it does nothing as well: SQLite hands every column of every
 * row to it, before and after. Where something else changes a row on the way (triggers of others, rows that REPLACE
 * deletes), the triggers are what captures.
 */
export async function fill(tx: Connection, runId: string, request: FillRequest): Promise<number> {
  const { table, column, value, where, params } = request;
  const byTriggers = () => fillByTriggers({ id, table: tableName, begin: beginJournal }, tx, runId, request);
  if (!storesAsText(table, column) || isUnique(table, column) || table.primaryKey.includes(column))
    return await byTriggers();
  // Other tables that follow this one by foreign key are captured by their own triggers.
  await beginJournal(tx, runId);
  const layout = await layoutAlone(tx, runId, table);
  if (layout === null) return await byTriggers();
  const columns = imageColumns(table);
  const only = columns.findIndex(({ name }) => name === column);
  const before = liveValues("t", columns);
  const images = [
    ...columns.map((_, at) => [`b${at}`, before[at]]),
    ...keyPlaces(table, columns).map((at) => [`a${at}`, before[at]]),
    [`a${only}`, "t.runback_value"],
  ];
  for (const { name } of layout.triggers) await tx.query(`DROP TRIGGER ${id(name)}`);
  // The limit keeps SQLite from computing the value twice, once for the condition.
  const { count } = await tx.query(
    `INSERT INTO runback_journal (run, layout, only, ${images.map(([name]) => name).join(", ")})
     SELECT ${layout.run}, ${layout.num}, ${only}, ${images.map(([, image]) => image).join(", ")}
     FROM (SELECT t.*, CAST(${value} AS TEXT) AS runback_value FROM ${tableName(table)} AS t WHERE ${where} LIMIT -1) t WHERE t.runback_value IS NOT NULL`,
    params,
  );
  await tx.query(
    `UPDATE ${tableName(table)} AS t SET ${id(column)} = coalesce(${value}, t.${id(column)}) WHERE ${where}`,
    params,
  );
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
  return table.uniqueIndexes.some(
    ({ columns, predicate }) => predicate !== null || columns.some((name) => name === null || name === column),
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
