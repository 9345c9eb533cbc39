import type { Connection, Dialect, Table } from "@runback/core";
import type { QuarantinedValue } from "./backfill-result.ts";
import type { BackfillSql } from "./backfill-sql.ts";

const valuesListed = 100;
/** Statuses are short; what is longer is something else that somebody wrote there. */
const valueLength = 60;

/** Rows whose new column is NULL. */
export async function countUnset(tx: Connection, dialect: Dialect, table: Table, column: string): Promise<number> {
  const { rows } = await tx.query<{ n: string }>(
    `SELECT ${dialect.cast("count(*)", "text")} AS n FROM ${dialect.table(table)} t WHERE t.${dialect.id(column)} IS NULL`,
  );
  return Number(rows[0]!.n);
}

/** Rows to fill by code, in one scan of what is still NULL. */
export async function countByCode(
  tx: Connection,
  dialect: Dialect,
  table: Table,
  column: string,
  { code }: BackfillSql,
): Promise<Record<string, number>> {
  const { rows } = await tx.query<{ code: string; n: string }>(
    `SELECT code, ${dialect.cast("count(*)", "text")} AS n
     FROM (SELECT ${code} AS code FROM ${dialect.table(table)} t WHERE t.${dialect.id(column)} IS NULL) seen
     WHERE code IS NOT NULL GROUP BY code ORDER BY code`,
  );
  return Object.fromEntries(rows.map((row) => [row.code, Number(row.n)]));
}

/** Legacy values of rows that stay NULL, most frequent first, and how many rows that are in all. */
export async function quarantine(
  tx: Connection,
  dialect: Dialect,
  table: Table,
  legacy: string,
  { quarantined }: BackfillSql,
): Promise<{ quarantined: QuarantinedValue[]; quarantinedRows: number }> {
  const value = dialect.grammar.exact(`t.${dialect.id(legacy)}`);
  const { rows } = await tx.query<{ value: string | null; n: string; total: string }>(
    `SELECT value, ${dialect.cast("n", "text")} AS n, ${dialect.cast("sum(n) OVER ()", "text")} AS total
     FROM (SELECT ${value} AS value, count(*) AS n FROM ${dialect.table(table)} t WHERE ${quarantined} GROUP BY ${value}) seen
     ORDER BY seen.n DESC, value LIMIT ${valuesListed}`,
  );
  return {
    quarantined: rows.map((row) => ({ value: cut(row.value), rows: Number(row.n) })),
    quarantinedRows: Number(rows[0]?.total ?? 0),
  };
}

function cut(value: string | null): string | null {
  if (value === null) return null;
  const letters = [...value];
  return letters.length <= valueLength ? value : `${letters.slice(0, valueLength).join("")}…`;
}
