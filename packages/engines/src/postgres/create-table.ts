import type { ColumnModel, Connection, TableModel } from "@runback/core";
import { dialect, id, literal, table as tableName } from "./dialect.ts";

/** Creates a model's table unless one of that name is there; a table that is there stays exactly as it is. */
export async function createTable(tx: Connection, model: TableModel): Promise<void> {
  const there = await tx.query("SELECT WHERE to_regclass($1) IS NOT NULL", [tableName(model)]);
  if (there.count > 0) return;
  const columns = model.columns.map(columnSql);
  const constraints = [
    `PRIMARY KEY (${model.primaryKey.map(id).join(", ")})`,
    ...model.unique.map((names) => `UNIQUE (${names.map(id).join(", ")})`),
    ...model.foreignKeys.map(
      (key) =>
        `FOREIGN KEY (${id(key.column)}) REFERENCES ${tableName(key.references)} ON DELETE ${key.onDelete.toUpperCase()} ON UPDATE CASCADE`,
    ),
  ];
  await tx.script(`CREATE TABLE ${tableName(model)} (${[...columns, ...constraints].join(", ")})`);
  for (const name of model.uniqueIgnoringCase) {
    await tx.script(
      `CREATE UNIQUE INDEX ${id(`${model.name}_${name}_key`)} ON ${tableName(model)} (lower(${id(name)}))`,
    );
  }
  for (const names of model.indexes) {
    await tx.script(`CREATE INDEX ON ${tableName(model)} (${names.map(id).join(", ")})`);
  }
}

function columnSql(column: ColumnModel): string {
  return `${id(column.name)} ${dialect.type(column.type)}${column.nullable ? "" : " NOT NULL"}${defaultSql(column)}`;
}

function defaultSql({ default: value }: ColumnModel): string {
  if (value === undefined) return "";
  if (value === "now") return " DEFAULT clock_timestamp()";
  return value === "new-id" ? " DEFAULT gen_random_uuid()" : ` DEFAULT ${literal(value.literal)}`;
}
