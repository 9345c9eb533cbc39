import type { ColumnModel, Connection, TableModel, TableRef } from "@runback/core";
import { columnType, id, literal, table as tableName } from "./dialect.ts";
import { collation } from "./server.ts";

/** Bytes of one index at most. */
const indexBytes = 3072;

/**
 * Creates a model's table unless one of that name is there; a table that is there stays exactly as it is.
 *
 * Foreign keys are RESTRICT whatever the model says: the actions of others change rows without firing a trigger. Texts
 * that are part of a key are `varchar`, as long as an index allows.
 */
export async function createTable(tx: Connection, model: TableModel): Promise<void> {
  const there = await tx.query(
    "SELECT 1 FROM information_schema.tables WHERE table_schema = database() AND table_name = $1",
    [model.schema === "runback" ? `runback_${model.name}` : model.name],
  );
  if (there.count > 0) return;
  const lengths = keyLengths(model);
  const columns = model.columns.map((column) => columnSql(column, lengths.get(column.name)));
  // Letter case is folded by the same function that compares identities, not by a collation, which also folds accents.
  const folded = model.uniqueIgnoringCase.map(
    (name) =>
      `${id(`${name}_folded`)} varchar(${lengths.get(name)}) CHARACTER SET utf8mb4 COLLATE ${collation} GENERATED ALWAYS AS (lower(${id(name)})) VIRTUAL INVISIBLE`,
  );
  const constraints = [
    `PRIMARY KEY (${model.primaryKey.map(id).join(", ")})`,
    ...model.unique.map((names) => `UNIQUE INDEX (${names.map(id).join(", ")})`),
    ...model.uniqueIgnoringCase.map(
      (name) => `UNIQUE INDEX ${id(`${model.name}_${name}_key`)} (${id(`${name}_folded`)})`,
    ),
    ...model.indexes.map((names) => `INDEX (${names.map(id).join(", ")})`),
  ];
  for (const key of model.foreignKeys) {
    const referenced = await primaryKey(tx, key.references);
    constraints.push(
      `FOREIGN KEY (${id(key.column)}) REFERENCES ${tableName(key.references)} (${referenced.map(id).join(", ")}) ON DELETE RESTRICT ON UPDATE RESTRICT`,
    );
  }
  await tx.query(
    `CREATE TABLE ${tableName(model)} (${[...columns, ...folded, ...constraints].join(", ")}) ENGINE = InnoDB ROW_FORMAT = DYNAMIC`,
  );
}

async function primaryKey(tx: Connection, { name }: TableRef): Promise<string[]> {
  const { rows } = await tx.query<{ name: string }>(
    `SELECT column_name AS name FROM information_schema.statistics
     WHERE table_schema = database() AND table_name = $1 AND index_name = 'PRIMARY' ORDER BY seq_in_index`,
    [name],
  );
  return rows.map((row) => row.name);
}

/** Characters of each text column that is part of an index: the index's bytes shared among its texts. */
function keyLengths({ columns, primaryKey, unique, uniqueIgnoringCase, indexes }: TableModel): Map<string, number> {
  const lengths = new Map<string, number>();
  for (const names of [primaryKey, ...unique, ...uniqueIgnoringCase.map((name) => [name]), ...indexes]) {
    const parts = names.map((name) => columns.find((column) => column.name === name)!);
    const texts = parts.filter((column) => column.type === "text");
    const others = (parts.length - texts.length) * 144;
    const each = Math.min(500, Math.floor((indexBytes - others) / 4 / Math.max(1, texts.length)));
    for (const { name } of texts) lengths.set(name, Math.min(each, lengths.get(name) ?? each));
  }
  return lengths;
}

function columnSql(column: ColumnModel, length: number | undefined): string {
  const type =
    length === undefined ? columnType(column.type) : `varchar(${length}) CHARACTER SET utf8mb4 COLLATE ${collation}`;
  return `${id(column.name)} ${type} ${column.nullable ? "NULL" : "NOT NULL"}${defaultSql(column)}`;
}

function defaultSql({ default: value, type }: ColumnModel): string {
  if (value === undefined) return "";
  if (value === "now") return " DEFAULT (utc_timestamp(6))";
  if (value === "new-id") return " DEFAULT (uuid())";
  return type === "boolean" ? ` DEFAULT ${value.literal === "true" ? 1 : 0}` : ` DEFAULT (${literal(value.literal)})`;
}
