import type { ColumnModel, Connection, TableModel } from "@runback/core";
import { dialect, id, literal, table as tableName } from "./dialect.ts";
import { columnDefaults } from "./own-tables/column-defaults.ts";

/** Creates a model's table unless one of that name is there; a table that is there stays exactly as it is. */
export async function createTable(tx: Connection, model: TableModel): Promise<void> {
  const there = await tx.query("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND lower(name) = lower($1)", [
    model.name,
  ]);
  if (there.count > 0) return;
  const constraints = [
    `PRIMARY KEY (${model.primaryKey.map(id).join(", ")})`,
    ...model.unique.map((names) => `UNIQUE (${names.map(id).join(", ")})`),
    ...model.foreignKeys.map(
      (key) =>
        `FOREIGN KEY (${id(key.column)}) REFERENCES ${tableName(key.references)} ON DELETE ${key.onDelete.toUpperCase()} ON UPDATE CASCADE`,
    ),
  ];
  await tx.script(`CREATE TABLE ${tableName(model)} (${[...model.columns.map(columnSql), ...constraints].join(", ")})`);
  for (const name of model.uniqueIgnoringCase) {
    await tx.script(
      `CREATE UNIQUE INDEX ${id(`${model.name}_${name}_key`)} ON ${tableName(model)} (lower(${id(name)}))`,
    );
  }
  for (const names of model.indexes) await tx.script(dialect.createIndex(model, names));
}

/** NOT NULL on the key too: SQLite allows NULLs there otherwise. Types are kept by checks, since declared ones are only hints. */
function columnSql(column: ColumnModel): string {
  const name = id(column.name);
  const checks: Partial<Record<ColumnModel["type"], string>> = {
    boolean: ` CHECK (${name} IN (0, 1))`,
    json: ` CHECK (json_valid(${name}))`,
  };
  return `${name} ${dialect.type(column.type)}${column.nullable ? "" : " NOT NULL"}${defaultSql(column)}${checks[column.type] ?? ""}`;
}

function defaultSql({ type, default: value }: ColumnModel): string {
  if (value === undefined) return "";
  if (typeof value === "string") return ` DEFAULT ${columnDefaults[value]}`;
  return ` DEFAULT ${type === "boolean" || type === "integer" || type === "bigint" ? value.literal : literal(value.literal)}`;
}
