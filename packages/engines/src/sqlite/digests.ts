import { type Connection, type Leaf, qualifiedName, sha256, type Table, type TableDigest } from "@runback/core";
import { id, table as tableName } from "./dialect.ts";
import { imageColumns, keyColumns, liveDigest } from "./row-image.ts";

/**
 * Digests of a whole table at the connection's moment, in 256 key ranges. Row digests are concatenated in key order
 * within a range and hashed again, so that a changed, missing, extra or swapped row changes the range it is in.
 */
export async function digests(tx: Connection, table: Table): Promise<TableDigest> {
  const key = keyColumns(table).map((column) => `t.${id(column.name)}`);
  const found = await tx.query<Leaf>(
    `SELECT runback_leaf(${key[0]}) AS leaf, count(*) AS rows,
       runback_chain(${liveDigest("t", imageColumns(table))} ORDER BY ${key.map((value) => `+${value} COLLATE BINARY`).join(", ")}) AS sha256
     FROM ${tableName(table)} t GROUP BY 1 ORDER BY 1`,
  );
  return {
    table: qualifiedName(table),
    rows: found.rows.reduce((sum, leaf) => sum + leaf.rows, 0),
    sha256: sha256(found.rows.map((leaf) => `${leaf.leaf}:${leaf.rows}:${leaf.sha256}\n`).join("")),
    leaves: found.rows,
  };
}
