import type { Connection, Table } from "@runback/core";
import { table as tableName } from "./dialect.ts";
import { leafOf } from "./digests.ts";
import { imageColumns, keyText, keyValues, liveDigest, matchesKey } from "./row-image.ts";
import { currentLayouts, fingerprints } from "./table-shapes.ts";

/**
 * Narrows differing key ranges down to keys: the rows there are compared with the last digest any run journaled for
 * them. Rows that no run ever wrote cannot be told apart this way and are not listed, unless they are new to the range.
 */
export async function differing(
  tx: Connection,
  table: Table,
  leaves: readonly number[],
  limit: number,
): Promise<string[][]> {
  if (leaves.length === 0) return [];
  const layouts = (await currentLayouts(tx)).filter((layout) => layout.name === table.name);
  const now = await fingerprints(tx, layouts);
  const current = layouts.filter((layout) => layout.fingerprint === now.get(layout.name)).map(({ num }) => num);
  const within = `${leafOf("t", table)} IN (${leaves.map(Number).join(", ")})`;
  const latest = `SELECT j.row_key, j.after_digest FROM (
      SELECT max(ord) AS ord FROM runback_journal WHERE layout IN (${[...current, -1].join(", ")}) GROUP BY row_key) n
    JOIN runback_journal j ON j.ord = n.ord`;
  const { rows } = await tx.query<{ row_key: string }>(
    `SELECT live.row_key AS row_key FROM (
       SELECT ${keyText("t", table)} AS row_key, ${liveDigest("t", imageColumns(table))} AS digest
       FROM ${tableName(table)} t WHERE ${within}) live
     LEFT JOIN (${latest}) latest ON latest.row_key = live.row_key
     WHERE latest.row_key IS NULL OR NOT (latest.after_digest <=> live.digest)
     UNION ALL
     SELECT latest.row_key FROM (${latest}) latest
     WHERE latest.after_digest IS NOT NULL
       AND NOT EXISTS (SELECT 1 FROM ${tableName(table)} t WHERE ${matchesKey("t", "latest.row_key", table)})
     LIMIT ${Math.trunc(limit)}`,
  );
  return rows.map((row) => keyValues(row.row_key, table));
}
