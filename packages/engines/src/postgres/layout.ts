import { type Column, type Connection, qualifiedName, RunbackError, type Table } from "@runback/core";

/** The shape of a table when it was enrolled: what the images and digests written since mean. */
export interface Layout {
  readonly num: number;
  readonly table: Table;
  /** Image columns in image order, with today's names (columns are followed by number through renames). */
  readonly columns: readonly Column[];
}

interface LayoutRow {
  num: number;
  schema_name: string;
  table_name: string;
  columns: Column[];
  key: number[];
}

/** The layouts of a plan's run, as planning noted them. @throws like `layoutsOf` */
export async function plannedLayouts(
  connection: Connection,
  plan: string,
  tables: readonly Table[],
): Promise<Layout[]> {
  const noted = await connection.query<{ num: number }>(
    "SELECT unnest(layouts) AS num FROM runback.undo_plans WHERE plan = $1",
    [plan],
  );
  return await layoutsOf(
    connection,
    noted.rows.map(({ num }) => num),
    tables,
  );
}

/**
 * Layouts that journal rows were written under, matched to the tables as they are now.
 * @throws `SCHEMA_CHANGED` when a journaled column was dropped or changed its type since, or the key changed: its images cannot be restored
 */
export async function layoutsOf(
  connection: Connection,
  nums: readonly number[],
  tables: readonly Table[],
): Promise<Layout[]> {
  const found = await connection.query<LayoutRow>(
    `SELECT num, n.nspname::text AS schema_name, c.relname::text AS table_name, columns, key
     FROM runback.layouts l
     LEFT JOIN pg_class c ON c.oid = l.relation LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE num = ANY ($1::int[])
     ORDER BY num`,
    [`{${nums.join(",")}}`],
  );
  const layouts = found.rows.map((row) => toLayout(row, tables));
  const names = layouts.map((layout) => qualifiedName(layout.table));
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw changed(twice, "its columns changed while the run was writing");
  return layouts;
}

function toLayout(row: LayoutRow, tables: readonly Table[]): Layout {
  const table = tables.find((each) => each.schema === row.schema_name && each.name === row.table_name);
  if (!table) throw changed(row.table_name ?? "a journaled table", "the table no longer exists");
  const columns = row.columns.map((then) => {
    const now = table.columns.find((column) => column.number === then.number);
    if (!now) throw changed(table.name, `column ${then.name} no longer exists`);
    if (now.type !== then.type) throw changed(table.name, `column ${now.name} was ${then.type} and is ${now.type}`);
    return now;
  });
  const key = table.primaryKey.map((name) => table.columns.find((column) => column.name === name)!.number);
  if (key.join() !== row.key.join()) throw changed(table.name, "its primary key is another one");
  return { num: row.num, table, columns };
}

function changed(table: string, why: string): RunbackError {
  return new RunbackError("SCHEMA_CHANGED", `The rows of ${table} cannot be taken back one by one: ${why}.`, {
    recovery: "Nothing was written. Revert the schema change first, or restore a snapshot taken before the run.",
    status: 409,
  });
}
