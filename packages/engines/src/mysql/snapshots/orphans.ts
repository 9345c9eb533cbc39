import type { Connection } from "@runback/core";
import { id } from "../dialect.ts";
import type { KeyObject } from "./schema-object.ts";

/** Rows whose foreign key points at nothing. A key with a NULL in it points nowhere, which is allowed. */
export async function orphans(
  tx: Connection,
  child: string,
  { columns, references }: Omit<KeyObject, "orphans">,
  parent = references.table,
): Promise<number> {
  const pairs = columns.map((column, at) => `p.${id(references.columns[at]!)} = c.${id(column)}`);
  const { rows } = await tx.query<{ n: string }>(
    `SELECT count(*) AS n FROM ${id(child)} c WHERE ${columns.map((column) => `c.${id(column)} IS NOT NULL`).join(" AND ")}
       AND NOT EXISTS (SELECT 1 FROM ${id(parent)} p WHERE ${pairs.join(" AND ")})`,
  );
  return Number(rows[0]!.n);
}

export async function countOrphans(tx: Connection, child: string, keys: readonly KeyObject[]): Promise<KeyObject[]> {
  const counted: KeyObject[] = [];
  for (const key of keys) counted.push({ ...key, orphans: await orphans(tx, child, key) });
  return counted;
}
