import { createHash, type Hash } from "node:crypto";
import type { Leaf, Table, TableDigest } from "@runback/core";
import { tableDigest } from "../shared/table-digest.ts";
import { id, table as tableName } from "./dialect.ts";
import { leafOf, rowDigest } from "./functions.ts";
import { imageColumns, keyColumns } from "./row-image.ts";
import type { SqliteConnection } from "./session.ts";

/** Digests of the rows of one key range, in key order. */
interface Chain {
  readonly hash: Hash;
  rows: number;
  waiting: string;
}

const waitingAtMost = 4096;

/**
 * Digests of a whole table at the connection's moment, in 256 key ranges. Row digests are concatenated in key order
 * within a range and hashed again, so that a changed, missing, extra or swapped row changes the range it is in.
 *
 * Rows are walked here. As arguments of a function that SQL calls for every row they took three to five times as long:
 * whatever was handed over in a statement stays reachable until the statement ends, and every collection looks at all of it.
 */
export function digests(tx: SqliteConnection, table: Table): TableDigest {
  const key = keyColumns(table).map((column) => `t.${id(column.name)}`);
  const values = imageColumns(table).map((column) => `t.${id(column.name)}`);
  const rows = tx.walk(
    `SELECT ${key[0]}, ${values.join(", ")} FROM ${tableName(table)} t
     ORDER BY ${key.map((value) => `${value} COLLATE BINARY`).join(", ")}`,
  );
  const chains = new Map<number, Chain>();
  for (const [first, ...row] of rows) {
    const leaf = leafOf(first!);
    let chain = chains.get(leaf);
    if (chain === undefined) {
      chain = { hash: createHash("sha256"), rows: 0, waiting: "" };
      chains.set(leaf, chain);
    }
    chain.rows++;
    chain.waiting += rowDigest(row);
    if (chain.waiting.length >= waitingAtMost) {
      chain.hash.update(chain.waiting);
      chain.waiting = "";
    }
  }
  const leaves = [...chains]
    .sort(([a], [b]) => a - b)
    .map(([leaf, { hash, rows, waiting }]): Leaf => ({ leaf, rows, sha256: hash.update(waiting).digest("hex") }));
  return tableDigest(table, leaves);
}
