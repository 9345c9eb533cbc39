import type { ColumnCutover } from "./column-cutover.ts";
import type { CutoverDialect } from "./cutover-dialect.ts";
import { mappingCase } from "./mapping-case.ts";

/**
 * One pass over the table: `total_rows`, `unset` (a listed legacy value, and no code yet), `mismatched` (a code that is not
 * the legacy value's), `quarantined` (a legacy value that no code lists, NULL too) and `invalid` (a code that is none).
 * NULL-safe: the runbook's own query, `v2 = … AND status NOT IN (…)`, is NULL where the legacy column is, and counts it as
 * right.
 */
export function monitorQuery(cutover: ColumnCutover, dialect: CutoverDialect): string {
  return counting(cutover, dialect, []);
}

/** `monitorQuery`, with `null_rows`, and with rows that have no code yet by the code their legacy value has: `unset_0`, … in the order of `codes`. */
export function countsQuery(cutover: ColumnCutover, dialect: CutoverDialect): string {
  return counting(cutover, dialect, [
    ["code IS NULL", "null_rows"],
    ...cutover.codes.map(
      ({ code }, at) => [`code IS NULL AND mapped = ${dialect.literal(code)}`, `unset_${at}`] as const,
    ),
  ]);
}

/** What can be counted without the legacy column: `total_rows`, `null_rows`, `invalid`. */
export function columnQuery(cutover: ColumnCutover, dialect: CutoverDialect): string {
  const { count, codes } = parts(cutover, dialect);
  return `SELECT COUNT(*) AS ${dialect.id("total_rows")}, ${count("code IS NULL", "null_rows")}, ${count(`code IS NOT NULL AND code NOT IN (${codes})`, "invalid")} FROM (SELECT ${dialect.grammar.exact(dialect.id(cutover.column))} AS code FROM ${dialect.table(cutover.table)}) AS seen`;
}

function parts(cutover: ColumnCutover, dialect: CutoverDialect) {
  return {
    count: (condition: string, name: string) =>
      `COALESCE(SUM(CASE WHEN ${condition} THEN 1 ELSE 0 END), 0) AS ${dialect.id(name)}`,
    codes: cutover.codes.map(({ code }) => dialect.literal(code)).join(","),
  };
}

function counting(
  cutover: ColumnCutover,
  dialect: CutoverDialect,
  more: readonly (readonly [condition: string, name: string])[],
): string {
  const column = dialect.id(cutover.column);
  const { count, codes } = parts(cutover, dialect);
  return [
    `SELECT COUNT(*) AS ${dialect.id("total_rows")}`,
    count("code IS NULL AND mapped IS NOT NULL", "unset"),
    count(`code IS NOT NULL AND ${dialect.isDistinct("code", "mapped")}`, "mismatched"),
    count("mapped IS NULL", "quarantined"),
    ...more.map(([condition, name]) => count(condition, name)),
    `${count(`code IS NOT NULL AND code NOT IN (${codes})`, "invalid")} FROM (SELECT ${dialect.grammar.exact(column)} AS code, ${mappingCase(cutover, dialect)} AS mapped FROM ${dialect.table(cutover.table)}) AS seen`,
  ].join(", ");
}

/** Legacy values that no code lists, each as stored with how many rows have it, most frequent first. */
export function quarantineQuery(cutover: ColumnCutover, dialect: CutoverDialect): string {
  const value = dialect.grammar.exact(dialect.id(cutover.legacy));
  return `SELECT ${value} AS ${dialect.id("value")}, COUNT(*) AS ${dialect.id("rows_of_it")} FROM ${dialect.table(cutover.table)} WHERE ${mappingCase(cutover, dialect)} IS NULL GROUP BY ${value} ORDER BY COUNT(*) DESC, ${value}`;
}

/** The runbook's verification: how rows spread over the codes, and how many have none. */
export function verificationQueries(
  cutover: ColumnCutover,
  dialect: CutoverDialect,
): readonly { readonly id: string; readonly sql: string }[] {
  const column = dialect.id(cutover.column);
  const table = dialect.table(cutover.table);
  return [
    {
      id: "distribution",
      sql: `SELECT ${column} AS code, COUNT(*) AS ${dialect.id("rows_of_it")} FROM ${table} GROUP BY ${column}`,
    },
    { id: "null-rows", sql: `SELECT COUNT(*) AS null_rows FROM ${table} WHERE ${column} IS NULL` },
    { id: "agreement", sql: monitorQuery(cutover, dialect) },
    { id: "quarantine", sql: quarantineQuery(cutover, dialect) },
  ];
}
