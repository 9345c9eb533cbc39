import { createHash, type Hash } from "node:crypto";
import type { Leaf } from "@runback/core";
import { leafOf, rowDigest, type Stored } from "./functions.ts";

/** Digests of the rows of one key range, in key order. */
interface Chain {
  readonly hash: Hash;
  rows: number;
  waiting: string;
}

const waitingAtMost = 4096;

/**
 * Digests of rows in the order they come, by the range that their first value, the key, is in.
 *
 * @param rows the key, then every value of the row, as they are stored
 */
export function leavesOf(rows: Iterable<readonly Stored[]>): Leaf[] {
  const chains = new Map<number, Chain>();
  for (const row of rows) {
    const leaf = leafOf(row[0]!);
    let chain = chains.get(leaf);
    if (chain === undefined) {
      chain = { hash: createHash("sha256"), rows: 0, waiting: "" };
      chains.set(leaf, chain);
    }
    chain.rows++;
    chain.waiting += rowDigest(row, 1);
    if (chain.waiting.length >= waitingAtMost) {
      chain.hash.update(chain.waiting);
      chain.waiting = "";
    }
  }
  return [...chains]
    .sort(([a], [b]) => a - b)
    .map(([leaf, { hash, rows, waiting }]) => ({ leaf, rows, sha256: hash.update(waiting).digest("hex") }));
}
