import type { Column, ColumnWant, LiveType, RefusingTrigger, TableDdl, TableRef, WantedColumn } from "@runback/core";
import { id, literal, table as tableName } from "./dialect.ts";

function type(want: ColumnWant): string {
  switch (want.kind) {
    case "code":
    case "short":
    case "text":
      return "text";
    case "instant":
      return "timestamptz";
    case "row-id":
      return "bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY";
    case "like":
      return want.type;
  }
}

const bits: Readonly<Record<string, number>> = { smallint: 16, integer: 32, bigint: 64 };

function liveType({ baseType, type: spelled, stableBinary }: Column): LiveType {
  if (baseType in bits) return { family: "integer", bits: bits[baseType]! };
  if (baseType === "text") return { family: "text" };
  if (baseType === "character varying" || baseType === "character") {
    const length = /\((\d+)\)/.exec(spelled)?.[1];
    return length === undefined ? { family: "text" } : { family: "text", length: Number(length) };
  }
  if (baseType.startsWith("timestamp")) return { family: "instant" };
  // A type of a user's own: most likely an enumeration. Which words it has, only a try tells.
  return { family: stableBinary ? "other" : "code" };
}

function columnSql(table: TableRef, { name, want, nullable, default: value }: WantedColumn): string {
  const given = value === undefined ? "" : ` DEFAULT ${value === "now" ? "now()" : literal(value.literal)}`;
  const check =
    want.kind === "code"
      ? ` CONSTRAINT ${id(`${table.name}_${name}_check`)} CHECK (${id(name)} IN (${want.values.map(literal).join(", ")}))`
      : "";
  return `${id(name)} ${type(want)}${nullable ? "" : " NOT NULL"}${given}${check}`;
}

/** For statements, not rows: one that would change nothing is refused as well. ALWAYS: a replica's session is no way around. */
function refusing(table: TableRef, refuses: RefusingTrigger["refuses"]): RefusingTrigger {
  const name = `trg_${table.name}_no_${refuses.toLowerCase()}`;
  const on = tableName(table);
  const call = `${tableName({ schema: table.schema, name })}()`;
  const message = `${table.name} is append-only: ${refuses} refused`;
  const body = `BEGIN RAISE EXCEPTION USING ERRCODE = '45000', MESSAGE = ${literal(message)}; END`;
  return {
    ...{ name, refuses, shape: `BEFORE ${refuses} STATEMENT ALWAYS`, body },
    create: [
      `CREATE OR REPLACE FUNCTION ${call} RETURNS trigger LANGUAGE plpgsql AS $refuse$${body}$refuse$`,
      `CREATE OR REPLACE TRIGGER ${id(name)} BEFORE ${refuses} ON ${on} FOR EACH STATEMENT EXECUTE FUNCTION ${call}`,
      `ALTER TABLE ${on} ENABLE ALWAYS TRIGGER ${id(name)}`,
    ],
    drop: [`DROP TRIGGER IF EXISTS ${id(name)} ON ${on}`, `DROP FUNCTION IF EXISTS ${call}`],
  };
}

export const tableDdl: TableDdl = {
  type,
  liveType,
  plainText: (expression, { baseType }) => {
    if (baseType === "timestamp with time zone")
      return `to_char((${expression}) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;
    if (baseType === "timestamp without time zone") return `to_char(${expression}, 'YYYY-MM-DD"T"HH24:MI:SS.US')`;
    return `(${expression})::text`;
  },
  addColumn: (table, column) => `ALTER TABLE ${tableName(table)} ADD COLUMN ${columnSql(table, column)}`,
  setDefault: (table, column, value) =>
    `ALTER TABLE ${tableName(table)} ALTER COLUMN ${id(column)} SET DEFAULT ${literal(value)}`,
  dropColumn: (table, column) => `ALTER TABLE ${tableName(table)} DROP COLUMN ${id(column)}`,
  createTable: (table, columns, unique) =>
    `CREATE TABLE ${tableName(table)} (${[
      ...columns.map((column) => columnSql(table, column)),
      ...unique.map((name) => `UNIQUE (${id(name)})`),
    ].join(", ")})`,
  createIndex: (name, table, columns) =>
    `CREATE INDEX ${id(name)} ON ${tableName(table)} (${columns.map(id).join(", ")})`,
  dropIndex: (name, { schema }) => `DROP INDEX ${tableName({ schema, name })}`,
  keysNeedIndex: false,
  rename: (table, name) => `ALTER TABLE ${tableName(table)} RENAME TO ${id(name)}`,
  indexes: (table) => ({
    text: `SELECT c.relname::text AS name, a.attname::text AS column_name, k.at::int AS at
      FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
      CROSS JOIN unnest(i.indkey::int2[]) WITH ORDINALITY AS k (num, at)
      LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.num
      WHERE i.indrelid = to_regclass($1) AND i.indisvalid AND k.at <= i.indnkeyatts AND i.indpred IS NULL ORDER BY 1, 3`,
    params: [tableName(table)],
  }),
  columnDefault: (table, column) => ({
    text: `SELECT pg_get_expr(d.adbin, d.adrelid) AS value FROM pg_attribute a
      LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
      WHERE a.attrelid = to_regclass($1) AND a.attname = $2`,
    params: [tableName(table), column],
  }),
  refuseChanges: (table) => (["UPDATE", "DELETE", "TRUNCATE"] as const).map((each) => refusing(table, each)),
  triggers: (table) => ({
    text: `SELECT t.tgname::text AS name, p.prosrc AS body,
        concat_ws(' ', CASE WHEN t.tgtype & 2 = 2 THEN 'BEFORE' ELSE 'AFTER' END,
          CASE WHEN t.tgtype & 4 = 4 THEN 'INSERT' END, CASE WHEN t.tgtype & 8 = 8 THEN 'DELETE' END,
          CASE WHEN t.tgtype & 16 = 16 THEN 'UPDATE' END, CASE WHEN t.tgtype & 32 = 32 THEN 'TRUNCATE' END,
          CASE WHEN t.tgtype & 1 = 1 THEN 'ROW' ELSE 'STATEMENT' END,
          CASE t.tgenabled WHEN 'A' THEN 'ALWAYS' WHEN 'O' THEN 'ORIGIN' WHEN 'R' THEN 'REPLICA' ELSE 'DISABLED' END) AS shape
      FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid
      WHERE t.tgrelid = to_regclass($1) AND NOT t.tgisinternal ORDER BY 1`,
    params: [tableName(table)],
  }),
  databaseFunction: "current_schema()",
  statisticsView: false,
};
