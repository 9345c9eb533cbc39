import { type Column, type Connection, qualifiedName, RunbackError, type Table } from "@runback/core";

/** The shape of a table when it was enrolled: what the images and digests written since mean. */
export interface Layout {
  readonly num: number;
  readonly table: Table;
  /** Image columns in image order. */
  readonly columns: readonly Column[];
}

interface LayoutRow {
  num: number;
  table_name: string;
  columns: string;
  key_columns: string;
}

/**
 * The layouts that a run's journal rows were written under, matched to the tables as they are now. Columns are known by
 * name: this server keeps no number of a column that survives a rename.
 *
 * @throws `SCHEMA_CHANGED` when a journaled column was dropped, renamed or changed its type since, or the key changed
 */
export async function layoutsOf(connection: Connection, run: number, tables: readonly Table[]): Promise<Layout[]> {
  return await matched(
    connection,
    "SELECT 1 FROM (SELECT DISTINCT layout FROM runback_journal WHERE run = $1) j WHERE j.layout = l.num",
    run,
    tables,
  );
}

/** The same from a plan of the run, which has every row: by index, where a step would read the whole run's journal. */
export async function plannedLayouts(
  connection: Connection,
  plan: string,
  tables: readonly Table[],
): Promise<Layout[]> {
  return await matched(connection, "SELECT 1 FROM runback_undo_rows WHERE plan = $1 AND layout = l.num", plan, tables);
}

async function matched(
  connection: Connection,
  written: string,
  param: number | string,
  tables: readonly Table[],
): Promise<Layout[]> {
  const found = await connection.query<LayoutRow>(
    `SELECT num, table_name, columns, key_columns FROM runback_layouts l WHERE EXISTS (${written}) ORDER BY num`,
    [param],
  );
  const layouts = found.rows.map((row) => toLayout(row, tables));
  const names = layouts.map((layout) => qualifiedName(layout.table));
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw changed(twice, "its columns changed while the run was writing");
  return layouts;
}

function toLayout(row: LayoutRow, tables: readonly Table[]): Layout {
  const table = tables.find((each) => each.schema === "public" && each.name === row.table_name);
  if (!table) throw changed(row.table_name, "the table no longer exists");
  const columns = (JSON.parse(row.columns) as Column[]).map((then) => {
    const now = table.columns.find((column) => column.name === then.name);
    if (!now) throw changed(table.name, `column ${then.name} no longer exists`);
    if (now.type !== then.type) throw changed(table.name, `column ${now.name} was ${then.type} and is ${now.type}`);
    return now;
  });
  if (JSON.stringify(table.primaryKey) !== JSON.stringify(JSON.parse(row.key_columns)))
    throw changed(table.name, "its primary key is another one");
  return { num: row.num, table, columns };
}

function changed(table: string, why: string): RunbackError {
  return new RunbackError("SCHEMA_CHANGED", `The rows of ${table} cannot be taken back one by one: ${why}.`, {
    recovery: "Nothing was written. Revert the schema change first, or restore a snapshot taken before the run.",
    status: 409,
  });
}
