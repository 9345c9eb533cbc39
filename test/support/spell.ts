import type { Engine } from "@runback/core";
import { familyOf } from "./family.ts";
import { mysqlBytes } from "./mysql-bytes.ts";
import { spellMysql } from "./spell-mysql.ts";

/** Where an engine has schemas, a schema of tests; where it has none, a prefix of their names. */
export function placed(name: string, schema: string): string {
  return familyOf(name) === "postgres" ? `${schema}.` : `${schema}_`;
}

/** Puts SQL that names its tables `@.name` into a schema of its own, in the engine's spelling. */
export function placing(name: string, schema: string): (sql: string) => string {
  const place = placed(name, schema);
  const inside = familyOf(name) !== "postgres";
  return (sql) =>
    spell(name, sql)
      .replace(/@\.(["`])/g, (_, quote: string) => (inside ? quote + place : place + quote))
      .replaceAll("@.", place);
}

let indexes = 0;

/**
 * The suites' own SQL in the spelling of an engine. It is written for PostgreSQL; what another engine says otherwise is
 * translated here, for statements of tests alone: Runback's own never pass through.
 */
export function spell(name: string, sql: string): string {
  if (name === "mysql") return spellMysql(sql);
  if (name !== "sqlite") return sql;
  return sql
    .replace(/(?<!')\brunback\.(\w+)/g, "runback_$1")
    .replace(/CREATE UNLOGGED TABLE/g, "CREATE TABLE")
    .replace(/now\(\) - interval '(\d+) days'/g, "strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-$1 days')")
    .replace(/now\(\) - n \* interval '1 day'/g, "strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-' || n || ' days')")
    .replace(/CREATE SCHEMA \w+;?/g, "")
    .replace(
      /generate_series\(([^,()]+), ([^,()]+)\) (\w+)/g,
      "(WITH RECURSIVE series(n) AS (SELECT $1 UNION ALL SELECT n + 1 FROM series WHERE n < $2) SELECT n AS $3 FROM series)",
    )
    .replace(/SELECT FROM/g, "SELECT 1 FROM")
    .replace(/COLLATE "C"/g, "COLLATE BINARY")
    .replace(/SELECT WHERE/g, "SELECT 1 WHERE")
    .replace(/::\w+(\[\])?/g, "")
    .replace(/repeat\('(\w)', 64\)/g, (_, character: string) => `'${character.repeat(64)}'`)
    .replace(/\bint GENERATED ALWAYS AS IDENTITY PRIMARY KEY/g, "INTEGER PRIMARY KEY")
    .replace(/INDEX ON /g, () => `INDEX tests_${++indexes} ON `)
    .replace(/TRUNCATE ([\w., ]+)/g, (_, tables: string) =>
      tables
        .split(", ")
        .map((table) => `DELETE FROM ${table}`)
        .join("; "),
    );
}

/** Every row of a table in its exact form, sorted: equal arrays mean equal content. */
export async function bytesOf(engine: Engine, table: string): Promise<string[]> {
  if (engine.name === "mysql") return await mysqlBytes(engine, table.replaceAll('"', ""));
  if (engine.name !== "sqlite") {
    const { rows } = await engine.query<{ bytes: string }>(
      `SELECT encode(record_send(_row), 'hex') AS bytes FROM ${table} _row ORDER BY 1`,
    );
    return rows.map((row) => row.bytes);
  }
  const columns = await engine.query<{ name: string }>("SELECT name FROM pragma_table_xinfo($1) WHERE hidden <> 1", [
    table.replaceAll('"', ""),
  ]);
  const values = columns.rows.map(({ name }) => exactValue(`"${name.replaceAll('"', '""')}"`));
  const { rows } = await engine.query<{ bytes: string }>(
    `SELECT ${values.join(" || ',' || ")} AS bytes FROM "${table.replaceAll('"', "")}" ORDER BY 1`,
  );
  return rows.map((row) => row.bytes);
}

/** SQLite: storage class and bytes of a value. `quote` prints every double so that it reads back to the same one. */
export function exactValue(value: string): string {
  return `(typeof(${value}) || ':' || CASE WHEN typeof(${value}) IN ('text', 'blob') THEN hex(CAST(${value} AS BLOB)) ELSE quote(${value}) END)`;
}
