import type { Column, ColumnWant, LiveType, RefusingTrigger, TableDdl, TableRef, WantedColumn } from "@runback/core";
import { id, literal, table as tableName } from "./dialect.ts";

function type(want: ColumnWant): string {
  switch (want.kind) {
    case "row-id":
      // AUTOINCREMENT: the number of a row that was deleted is not given to another one.
      return "INTEGER PRIMARY KEY AUTOINCREMENT";
    case "like":
      return want.type;
    default:
      return "TEXT";
  }
}

/** Any value may be in any column; a declared type says which ones are turned into numbers. */
function liveType({ type: spelled }: Column): LiveType {
  if (/int/i.test(spelled)) return { family: "integer", bits: 64 };
  if (/char|clob|text/i.test(spelled)) return { family: "text" };
  if (/date|time/i.test(spelled)) return { family: "instant" };
  return { family: "other" };
}

function columnSql(table: TableRef, { name, want, nullable, default: value }: WantedColumn): string {
  const now = "(strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))";
  const given = value === undefined ? "" : ` DEFAULT ${value === "now" ? now : literal(value.literal)}`;
  const check =
    want.kind === "code"
      ? ` CONSTRAINT ${id(`${table.name}_${name}_check`)} CHECK (${id(name)} IN (${want.values.map(literal).join(", ")}))`
      : "";
  return `${id(name)} ${type(want)}${nullable ? "" : " NOT NULL"}${given}${check}`;
}

function refusing(table: TableRef, refuses: RefusingTrigger["refuses"], event: string, when = ""): RefusingTrigger {
  const name = `trg_${table.name}_no_${refuses.toLowerCase()}`;
  const message = `${table.name} is append-only: ${refuses} refused`;
  const body = `CREATE TRIGGER ${id(name)} BEFORE ${event} ON ${tableName(table)}${when} BEGIN SELECT RAISE(ABORT, ${literal(message)}); END`;
  const drop = [`DROP TRIGGER IF EXISTS ${id(name)}`];
  return { name, refuses, shape: "", body, create: [...drop, body], drop };
}

export const tableDdl: TableDdl = {
  type,
  liveType,
  plainText: (expression) => `CAST(${expression} AS TEXT)`,
  addColumn: (table, column) => `ALTER TABLE ${tableName(table)} ADD COLUMN ${columnSql(table, column)}`,
  setDefault: () => null,
  dropColumn: (table, column) => `ALTER TABLE ${tableName(table)} DROP COLUMN ${id(column)}`,
  createTable: (table, columns, unique) =>
    `CREATE TABLE ${tableName(table)} (${[
      ...columns.map((column) => columnSql(table, column)),
      ...unique.map((name) => `UNIQUE (${id(name)})`),
    ].join(", ")})`,
  createIndex: (name, table, columns) =>
    `CREATE INDEX ${id(name)} ON ${tableName(table)} (${columns.map(id).join(", ")})`,
  dropIndex: (name) => `DROP INDEX ${id(name)}`,
  keysNeedIndex: false,
  rename: (table, name) => `ALTER TABLE ${tableName(table)} RENAME TO ${id(name)}`,
  indexes: ({ name }) => ({
    text: `SELECT i.name AS name, x.name AS column_name, x.seqno + 1 AS at FROM pragma_index_list($1) i, pragma_index_info(i.name) x
      WHERE i.partial = 0 ORDER BY i.name, x.seqno`,
    params: [name],
  }),
  columnDefault: ({ name }, column) => ({
    text: "SELECT dflt_value AS value FROM pragma_table_info($1) WHERE name = $2",
    params: [name, column],
  }),
  // REPLACE deletes rows without calling triggers of DELETE: a row that would take another one's place is refused before.
  refuseChanges: (table, unique) => [
    refusing(table, "UPDATE", "UPDATE"),
    refusing(table, "DELETE", "DELETE"),
    refusing(
      table,
      "REPLACE",
      "INSERT",
      ` WHEN EXISTS (SELECT 1 FROM ${tableName(table)} WHERE ${unique.map((name) => `${id(name)} = NEW.${id(name)}`).join(" OR ")})`,
    ),
  ],
  triggers: ({ name }) => ({
    text: "SELECT name, '' AS shape, sql AS body FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = $1 COLLATE NOCASE ORDER BY name",
    params: [name],
  }),
  databaseFunction: null,
  statisticsView: false,
};
