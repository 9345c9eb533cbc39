import type { Connection, Table } from "@runback/core";
import { id, table as tableName } from "./dialect.ts";
import { imageColumns, imageValues, keyColumns, keyDigest, keyPlaces, liveDigest, liveValues } from "./row-image.ts";

/**
 * Narrows differing key ranges down to keys: the rows there are compared with the last image any run journaled for them.
 * Rows that no run ever wrote cannot be told apart this way and are not listed, unless they are new to the range.
 */
export async function differing(
  tx: Connection,
  table: Table,
  leaves: readonly number[],
  limit: number,
): Promise<string[][]> {
  const enrolled = await tx.query<{ num: number }>(
    "SELECT num FROM runback_layouts WHERE current = 1 AND lower(table_name) = lower($1)",
    [table.name],
  );
  const layout = enrolled.rows[0]?.num ?? -1;
  const columns = imageColumns(table);
  const places = keyPlaces(table, columns);
  const key = places.map((at) => `coalesce(j.b${at}, j.a${at})`);
  const text = (values: readonly string[]) =>
    `json_array(${values.map((value) => `CASE typeof(${value}) WHEN 'blob' THEN hex(${value}) ELSE CAST(${value} AS TEXT) END`).join(", ")})`;
  const inRange = (value: string) => `runback_leaf(${value}) IN (SELECT value FROM json_each($1))`;
  // A table that was never enrolled may be wider than the journal, whose columns the query could not name.
  const latest =
    layout < 0
      ? "SELECT NULL AS digest, NULL AS after, NULL AS there, NULL AS key WHERE false"
      : `SELECT runback_row(${key.join(", ")}) AS digest, runback_row(${imageValues("j", "a", columns).join(", ")}) AS after,
           j.a${places[0]} IS NOT NULL AS there, ${text(key)} AS key
         FROM runback_journal j JOIN (SELECT max(j.ord) AS ord FROM runback_journal j WHERE j.layout = ${layout}
           GROUP BY ${key.map((value) => `typeof(${value}), ${value}`).join(", ")}) n ON n.ord = j.ord
         WHERE ${inRange(key[0]!)}`;
  const found = await tx.query<{ key: string }>(
    `WITH latest AS MATERIALIZED (${latest}), live AS MATERIALIZED (
       SELECT ${keyDigest("t", table)} AS digest, ${liveDigest("t", columns)} AS now, ${text(liveValues("t", keyColumns(table)))} AS key
       FROM ${tableName(table)} t WHERE ${inRange(`t.${id(table.primaryKey[0]!)}`)})
     SELECT coalesce(live.key, latest.key) AS key FROM live FULL JOIN latest ON latest.digest = live.digest
     WHERE CASE WHEN live.digest IS NULL THEN latest.there ELSE latest.digest IS NULL OR NOT latest.there OR latest.after <> live.now END
     LIMIT ${Math.trunc(limit)}`,
    [JSON.stringify(leaves)],
  );
  return found.rows.map((row) => JSON.parse(row.key) as string[]);
}
