import type { Column, ColumnWant, LiveType, RefusingTrigger, TableDdl, TableRef, WantedColumn } from "@runback/core";
import { columnType, id, literal, table as tableName } from "./dialect.ts";
import { collation } from "./server.ts";

const text = (type: string) => `${type} CHARACTER SET utf8mb4 COLLATE ${collation}`;

function type(want: ColumnWant): string {
  switch (want.kind) {
    case "code":
      // Added at once, whatever the table's size: a check would have the server read every row.
      return text(`enum(${want.values.map(literal).join(",")})`);
    case "short":
      return text(`varchar(${want.length})`);
    case "text":
      return text("text");
    case "instant":
      return columnType("instant");
    case "row-id":
      return "bigint AUTO_INCREMENT";
    case "like":
      return want.type;
  }
}

const bits: Readonly<Record<string, number>> = { tinyint: 8, smallint: 16, mediumint: 24, int: 32, bigint: 64 };
const longTexts: Readonly<Record<string, number>> = { tinytext: 255, text: 65_535 };

function liveType({ baseType, type: spelled }: Column): LiveType {
  if (baseType in bits) return { family: "integer", bits: bits[baseType]! };
  if (baseType === "enum") {
    const words = [...spelled.matchAll(/'((?:[^']|'')*)'/g)].map((match) => match[1]!.replaceAll("''", "'"));
    return { family: "code", values: words };
  }
  if (baseType === "datetime" || baseType === "timestamp") return { family: "instant" };
  if (baseType === "char" || baseType === "varchar")
    return { family: "text", length: Number(/\((\d+)\)/.exec(spelled)?.[1] ?? 1) };
  if (baseType in longTexts) return { family: "text", length: longTexts[baseType]! };
  if (baseType === "mediumtext" || baseType === "longtext") return { family: "text" };
  return { family: "other" };
}

function columnSql({ name, want, nullable, default: value }: WantedColumn): string {
  const given =
    value === undefined ? "" : ` DEFAULT ${value === "now" ? "(utc_timestamp(6))" : literal(value.literal)}`;
  return `${id(name)} ${type(want)} ${nullable ? "NULL" : "NOT NULL"}${given}`;
}

/** In the words of the runbook, blanks apart. */
function refusing(table: TableRef, refuses: "UPDATE" | "DELETE", message: string): RefusingTrigger {
  const name = `trg_${table.name}_no_${refuses.toLowerCase()}`;
  const body = `BEGIN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT=${literal(message)}; END`;
  return {
    ...{ name, refuses, shape: `BEFORE ${refuses} ROW`, body },
    create: [
      `DROP TRIGGER IF EXISTS ${id(name)}`,
      `CREATE TRIGGER ${id(name)} BEFORE ${refuses} ON ${tableName(table)} FOR EACH ROW ${body}`,
    ],
    drop: [`DROP TRIGGER IF EXISTS ${id(name)}`],
  };
}

export const tableDdl: TableDdl = {
  type,
  liveType,
  // Sessions are pinned to UTC.
  plainText: (expression) => `CAST(${expression} AS char)`,
  addColumn: (table, column) => `ALTER TABLE ${tableName(table)} ADD COLUMN ${columnSql(column)}`,
  setDefault: (table, column, value) =>
    `ALTER TABLE ${tableName(table)} ALTER COLUMN ${id(column)} SET DEFAULT ${literal(value)}`,
  dropColumn: (table, column) => `ALTER TABLE ${tableName(table)} DROP COLUMN ${id(column)}`,
  createTable: (table, columns, unique) => {
    const parts = [
      ...columns.map(columnSql),
      ...columns.filter(({ want }) => want.kind === "row-id").map(({ name }) => `PRIMARY KEY (${id(name)})`),
      ...unique.map((name) => `UNIQUE INDEX ${id(name)} (${id(name)})`),
    ];
    return `CREATE TABLE ${tableName(table)} (${parts.join(", ")}) ENGINE = InnoDB ROW_FORMAT = DYNAMIC`;
  },
  createIndex: (name, table, columns) =>
    `CREATE INDEX ${id(name)} ON ${tableName(table)} (${columns.map(id).join(", ")})`,
  dropIndex: (name, table) => `DROP INDEX ${id(name)} ON ${tableName(table)}`,
  keysNeedIndex: true,
  rename: (table, name) => `RENAME TABLE ${tableName(table)} TO ${id(name)}`,
  indexes: ({ name }) => ({
    text: `SELECT index_name AS name, column_name AS column_name, seq_in_index + 0e0 AS at FROM information_schema.statistics
      WHERE table_schema = database() AND table_name = $1 ORDER BY index_name, seq_in_index`,
    params: [name],
  }),
  columnDefault: ({ name }, column) => ({
    text: `SELECT column_default AS value FROM information_schema.columns
      WHERE table_schema = database() AND table_name = $1 AND column_name = $2`,
    params: [name, column],
  }),
  // REPLACE deletes and inserts, an upsert updates: the triggers of those see both.
  refuseChanges: (table) => [
    refusing(table, "UPDATE", `${table.name} is append-only`),
    refusing(table, "DELETE", `${table.name} is append-only and cannot be deleted`),
  ],
  triggers: ({ name }) => ({
    text: `SELECT trigger_name AS name, concat(action_timing, ' ', event_manipulation, ' ', action_orientation) AS shape,
        action_statement AS body
      FROM information_schema.triggers WHERE event_object_schema = database() AND event_object_table = $1 ORDER BY trigger_name`,
    params: [name],
  }),
  databaseFunction: "DATABASE()",
  statisticsView: true,
};
