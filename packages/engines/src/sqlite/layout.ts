import { type Column, type Connection, RunbackError, type Table } from "@runback/core";
import { imageEnd, imageStart, triggerNames } from "./capture.ts";

/** The shape of a table when it was enrolled: what the images written since mean. */
export interface Layout {
  readonly num: number;
  readonly table: Table;
  /** Image columns in image order, with today's names. */
  readonly columns: readonly Column[];
}

export interface LayoutRow {
  readonly num: number;
  readonly relation: number;
  readonly table_name: string;
  /** JSON: name and type of each image column. */
  readonly columns: string;
  /** JSON: names of the key's columns. */
  readonly key: string;
  readonly fingerprint: string;
  readonly current: number;
}

export interface LayoutColumn {
  readonly name: string;
  readonly type: string;
}

/**
 * Where a relation is now and what its columns are called, from the text of its insert trigger: SQLite follows tables and
 * columns there when they are renamed. Undefined when the trigger is gone.
 */
export async function renamed(
  connection: Connection,
  relation: number,
): Promise<{ readonly table: string; readonly columns: readonly string[] } | undefined> {
  const found = await connection.query<{ tbl_name: string; sql: string }>(
    "SELECT tbl_name, sql FROM sqlite_schema WHERE type = 'trigger' AND name = $1",
    [triggerNames(relation)[0]!],
  );
  const row = found.rows[0];
  if (!row) return undefined;
  const image = row.sql.slice(row.sql.indexOf(imageStart) + imageStart.length, row.sql.indexOf(imageEnd));
  const names = [...image.matchAll(/NEW\.("(?:[^"]|"")*"|\w+)/g)].map(([, name]) =>
    name!.startsWith('"') ? name!.slice(1, -1).replaceAll('""', '"') : name!,
  );
  return { table: row.tbl_name, columns: names };
}

/**
 * The layouts that a run's journal rows were written under, matched to the tables as they are now.
 * @throws `SCHEMA_CHANGED` when a journaled column was dropped or changed its type since, or the key changed
 */
export async function layoutsOf(connection: Connection, run: number, tables: readonly Table[]): Promise<Layout[]> {
  const found = await connection.query<LayoutRow>(
    `SELECT l.* FROM runback_layouts l
     WHERE l.num IN (SELECT DISTINCT layout FROM runback_journal WHERE run = $1) ORDER BY l.num`,
    [run],
  );
  const layouts: Layout[] = [];
  for (const row of found.rows) layouts.push(await toLayout(connection, row, tables));
  const names = layouts.map((layout) => layout.table.name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw changed(twice, "its columns changed while the run was writing");
  return layouts;
}

async function toLayout(connection: Connection, row: LayoutRow, tables: readonly Table[]): Promise<Layout> {
  const then = JSON.parse(row.columns) as LayoutColumn[];
  const current = await connection.query<LayoutRow>(
    "SELECT * FROM runback_layouts WHERE relation = $1 AND current = 1",
    [row.relation],
  );
  const now = await renamed(connection, row.relation);
  const name = now?.table ?? row.table_name;
  const table = tables.find((each) => each.name === name);
  if (!table) throw changed(row.table_name, "the table no longer exists");
  const enrolled = JSON.parse(current.rows[0]?.columns ?? "[]") as LayoutColumn[];
  const today = (column: string) => {
    const at = enrolled.findIndex((each) => each.name === column);
    return (at < 0 ? undefined : now?.columns[at]) ?? column;
  };
  const columns = then.map(({ name: was, type }) => {
    const column = table.columns.find((each) => each.name === today(was) && !each.generated);
    if (!column) throw changed(table.name, `column ${was} no longer exists`);
    if (column.type !== type) throw changed(table.name, `column ${column.name} was ${type} and is ${column.type}`);
    return column;
  });
  const key = (JSON.parse(row.key) as string[]).map(today);
  if (key.join("\0") !== table.primaryKey.join("\0")) throw changed(table.name, "its primary key is another one");
  return { num: row.num, table, columns };
}

function changed(table: string, why: string): RunbackError {
  return new RunbackError("SCHEMA_CHANGED", `The rows of ${table} cannot be taken back one by one: ${why}.`, {
    recovery: "Nothing was written. Revert the schema change first, or restore a snapshot taken before the run.",
    status: 409,
  });
}
