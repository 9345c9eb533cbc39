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
  const digest = liveDigest("t", imageColumns(table));
  const found = await tx.query<Leaf & { bytes: number }>(
    `SELECT leaf, count + 0e0 AS rows, sha2(digests, 256) AS sha256, length(digests) + 0e0 AS bytes FROM (
       SELECT ${leafOf("t", table)} AS leaf, count(*) AS count,
         group_concat(${digest} ORDER BY ${keyOrder("t", table).join(", ")} SEPARATOR '') AS digests
       FROM ${tableName(table)} t GROUP BY 1) l
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
