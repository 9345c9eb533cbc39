import type { Connection, Leaf, Table, TableDigest } from "@runback/core";
import { tableDigest } from "../shared/table-digest.ts";
import { id, table as tableName } from "./dialect.ts";
import { imageColumns, keyColumns } from "./row-image.ts";

/**
 * Digests of a whole table at the connection's moment, in 256 key ranges. Row digests are concatenated in key order
 * within a range and hashed again, so that a changed, missing, extra or swapped row changes the range it is in.
 */
export async function digests(tx: Connection, table: Table): Promise<TableDigest> {
  const key = keyColumns(table).map((column) => `t.${id(column.name)}`);
  const values = imageColumns(table).map((column) => `t.${id(column.name)}`);
  const rows = `SELECT ${key[0]}, ${values.join(", ")} FROM ${tableName(table)} t
    ORDER BY ${key.map((value) => `${value} COLLATE BINARY`).join(", ")}`;
  const found = await tx.query<{ leaves: string }>("SELECT runback_leaves($1) AS leaves", [rows]);
  return tableDigest(table, JSON.parse(found.rows[0]!.leaves) as Leaf[]);
}
