import { type Leaf, qualifiedName, sha256, type Table, type TableDigest } from "@runback/core";

/** A table's digest from those of its key ranges, which come in order. */
export function tableDigest(table: Table, leaves: readonly Leaf[]): TableDigest {
  return {
    table: qualifiedName(table),
    rows: leaves.reduce((sum, leaf) => sum + leaf.rows, 0),
    sha256: sha256(leaves.map((leaf) => `${leaf.leaf}:${leaf.rows}:${leaf.sha256}\n`).join("")),
    leaves: leaves.map(({ leaf, rows, sha256: digest }) => ({ leaf, rows, sha256: digest })),
  };
}
