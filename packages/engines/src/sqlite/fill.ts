import type { Column, Connection, FillRequest, Table } from "@runback/core";
import { triggerNames } from "./capture.ts";
import { id, table as tableName } from "./dialect.ts";
import { beginJournal } from "./enroll.ts";
import type { LayoutColumn } from "./layout.ts";
import { imageColumns, liveValues } from "./row-image.ts";

/**
 * The images of all rows in one statement, then the change in another: the file has one writer, so nothing comes between.
 * The capture triggers stay silent, for no run is named. Where triggers of others fire, they are what captures.
 */
export async function fill(tx: Connection, runId: string, request: FillRequest): Promise<number> {
  const { table, column, value, where, params } = request;
  const filled = table.columns.find((each) => each.name === column)!;
  const update = `UPDATE ${tableName(table)} AS t SET ${id(column)} = ${value} WHERE ${where}`;
  const layout = hasTextAffinity(filled) ? await layoutAlone(tx, runId, table) : null;
  if (layout === null) {
    await beginJournal(tx, runId);
    return (await tx.query(update, params)).count;
  }
  const columns = imageColumns(table);
  const before = liveValues("t", columns);
  const after = columns.map((each, at) => (each.name === column ? value : before[at]!));
  const journaled = await tx.query(
    `INSERT INTO runback_journal (run, layout, ${columns.map((_, at) => `b${at}, a${at}`).join(", ")})
     SELECT ${layout.run}, ${layout.num}, ${columns.map((_, at) => `${before[at]}, ${after[at]}`).join(", ")}
     FROM ${tableName(table)} AS t WHERE ${where}`,
    params,
  );
  const updated = await tx.query(update, params);
  if (journaled.count !== updated.count) throw new Error("the file changed under the lock of this transaction");
  return updated.count;
}

/** A text comes back as it went in. */
function hasTextAffinity({ type }: Column): boolean {
  return /char|clob|text/i.test(type) && !/int/i.test(type);
}

/** The layout that a table is captured by now, where no other trigger fires when its rows change. */
async function layoutAlone(
  tx: Connection,
  runId: string,
  table: Table,
): Promise<{ readonly num: number; readonly run: number } | null> {
  const { rows } = await tx.query<{
    num: number;
    run: number | null;
    relation: number;
    columns: string;
    triggers: string | null;
    named: number;
  }>(
    `SELECT num, relation, columns, (SELECT num FROM runback_runs WHERE run_id = $2) AS run,
       EXISTS (SELECT 1 FROM runback_marker) AS named,
       (SELECT group_concat(name, ',' ORDER BY name) FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = $1) AS triggers
     FROM runback_layouts WHERE current = 1 AND table_name = $1`,
    [table.name, runId],
  );
  const [found, more] = rows;
  if (found === undefined || found.run === null || found.named === 1 || more !== undefined) return null;
  if (found.triggers !== triggerNames(found.relation).sort().join()) return null;
  const shape = (columns: readonly LayoutColumn[]) => columns.map(({ name, type }) => `${name} ${type}`).join();
  return shape(JSON.parse(found.columns) as LayoutColumn[]) === shape(imageColumns(table))
    ? { num: found.num, run: found.run }
    : null;
}
