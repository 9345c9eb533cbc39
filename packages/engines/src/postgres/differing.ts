import type { Connection, Table } from "@runback/core";
import { table as tableName } from "./dialect.ts";
import { leafOf } from "./digests.ts";
import { imageColumns, keyText, liveDigest } from "./row-image.ts";
import { useExactText } from "./session.ts";

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
  await tx.query(useExactText);
  const found = await tx.query<{ key: string[] }>(
    `WITH latest AS (
       SELECT DISTINCT ON (j.key) j.key, j.after FROM runback.journal j
       JOIN runback.layouts l ON l.num = j.layout AND l.relation = $1::regclass AND l.fingerprint = runback.shape(l.relation)
       ORDER BY j.key, j.run DESC, j.ord DESC
     ), live AS (
       SELECT ${keyText("t", table)} AS key, ${liveDigest("t", imageColumns(table))} AS digest
       FROM ${tableName(table)} t WHERE ${leafOf("t", table)} = ANY ($2::int[])
     )
     SELECT to_json(coalesce(live.key, latest.key)) AS key
     FROM live FULL JOIN latest ON latest.key = live.key
     WHERE CASE WHEN live.key IS NULL THEN latest.after IS NOT NULL AND NOT EXISTS (
                  SELECT FROM ${tableName(table)} t WHERE ${keyText("t", table)} = latest.key)
                ELSE latest.key IS NULL OR latest.after IS DISTINCT FROM live.digest END
     LIMIT ${Math.trunc(limit)}`,
    [tableName(table), `{${leaves.join(",")}}`],
  );
  return found.rows.map((row) => row.key);
}
