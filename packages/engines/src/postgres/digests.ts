import type { Column, Connection, Leaf, Table, TableDigest } from "@runback/core";
import { tableDigest } from "../shared/table-digest.ts";
import { id, table as tableName } from "./dialect.ts";
import { imageColumns, keyColumns, keyOrder, liveDigest, portableText } from "./row-image.ts";
import { useExactText } from "./session.ts";

/** 256 key ranges a table: at 2,000,000 rows one differing row sends 8,000 keys to be compared, not the table. */
const leaves = 256;

/** Which range a row's key falls in; the same on every server and version, because evidence outlives both. */
export function leafOf(alias: string, table: Table): string {
  const [key] = keyColumns(table) as [Column, ...Column[]];
  const value = `${alias}.${id(key.name)}`;
  // The last byte: the first ones are a time or a number in ids that grow, and would put every row in one range.
  if (key.baseType === "uuid") return `get_byte(uuid_send(${value}), 15)`;
  if (["smallint", "integer", "bigint"].includes(key.baseType))
    return `(((${value} % ${leaves}) + ${leaves}) % ${leaves})::int`;
  return `get_byte(sha256(convert_to(${portableText(value, key)}, 'UTF8')), 0)`;
}

/**
 * Digests of a whole table at the connection's moment. Row digests are concatenated in key order within a range and
 * hashed again, so that a changed, missing, extra or swapped row changes the range it is in.
 */
export async function digests(tx: Connection, table: Table): Promise<TableDigest> {
  await tx.query(useExactText);
  const found = await tx.query<Leaf>(
    `SELECT ${leafOf("t", table)} AS leaf, count(*)::int AS rows,
       encode(sha256(string_agg(${liveDigest("t", imageColumns(table))}, ''::bytea ORDER BY ${keyOrder("t", table)})), 'hex') AS sha256
     FROM ${tableName(table)} t GROUP BY 1 ORDER BY 1`,
  );
  return tableDigest(table, found.rows);
}
