import {
  type Column,
  type Connection,
  type Leaf,
  qualifiedName,
  RunbackError,
  type Table,
  type TableDigest,
} from "@runback/core";
import { tableDigest } from "../shared/table-digest.ts";
import { id, table as tableName } from "./dialect.ts";
import { imageColumns, keyColumns, keyOrder, liveDigest, part } from "./row-image.ts";

/** 256 key ranges a table: at 2,000,000 rows one differing row sends 8,000 keys to be compared, not the table. */
const leaves = 256;

/** Which range a row's key falls in; the same on every server and version, because evidence outlives both. */
export function leafOf(alias: string, table: Table): string {
  const [key] = keyColumns(table) as [Column, ...Column[]];
  const value = `${alias}.${id(key.name)}`;
  if (["tinyint", "smallint", "mediumint", "int", "bigint"].includes(key.baseType))
    return `(((${value} % ${leaves}) + ${leaves}) % ${leaves} + 0e0)`;
  return `(conv(left(sha2(${part(value, key)}, 256), 2), 16, 10) + 0e0)`;
}

/**
 * Digests of a whole table at the connection's moment. Row digests are concatenated in key order within a range and
 * hashed again, so that a changed, missing, extra or swapped row changes the range it is in.
 *
 * @throws `LEAF_TOO_LARGE` when the server cut a range's digests: a digest of half a range is none
 */
export async function digests(tx: Connection, table: Table): Promise<TableDigest> {
  const digest = `CAST(${liveDigest("t", imageColumns(table))} AS binary(32))`;
  const order = keyOrder("t", table);
  // Digests are computed in the order rows are stored, and they are what is sorted: the limit keeps the server from merging the
  // two, when it sorts the numbers of rows and reads every row again. That took twice as long.
  const found = await tx.query<Leaf & { bytes: number }>(
    `SELECT leaf, count + 0e0 AS rows, sha2(digests, 256) AS sha256, length(digests) + 0e0 AS bytes FROM (
       SELECT leaf, count(*) AS count, group_concat(digest ORDER BY ${order.map((_, at) => `k${at}`).join(", ")} SEPARATOR '') AS digests
       FROM (SELECT ${leafOf("t", table)} AS leaf, ${digest} AS digest, ${order.map((value, at) => `${value} AS k${at}`).join(", ")}
         FROM ${tableName(table)} t LIMIT 18446744073709551615) d GROUP BY leaf) l
     ORDER BY leaf`,
  );
  const cut = found.rows.find((row) => row.bytes !== row.rows * 32);
  if (cut) {
    throw new RunbackError("LEAF_TOO_LARGE", `${qualifiedName(table)} has too many rows for max_allowed_packet.`, {
      recovery: "Nothing was compared. Raise max_allowed_packet on the server (32 bytes for every 1/256 of the rows).",
    });
  }
  return tableDigest(table, found.rows);
}
