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
  // The limit keeps the order: without one SQLite would leave it to whoever reads the subquery.
  const found = await tx.query<{ leaves: string }>(
    `SELECT runback_leaves(k, ${values.map((_, at) => `v${at}`).join(", ")}) AS leaves FROM (
       SELECT ${key[0]} AS k, ${values.map((value, at) => `${value} AS v${at}`).join(", ")}
       FROM ${tableName(table)} t ORDER BY ${key.map((value) => `${value} COLLATE BINARY`).join(", ")} LIMIT -1)`,
  );
  return tableDigest(table, JSON.parse(found.rows[0]!.leaves) as Leaf[]);
}
