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

/**
 * `monitorQuery`, with `null_rows`, and with rows that have no code yet by the code their legacy value has: `unset_0`, … in
 * the order of `codes`.
 *
 * @param few the legacy column has few different values, as `kindsQuery` tells: then each is mapped once and not row by
 *   row. The answer is the same; with many the rows would be spilled to be grouped.
 */
export function countsQuery(cutover: ColumnCutover, dialect: CutoverDialect, few = false): string {
  const more = [
    ["code IS NULL", "null_rows"] as const,
    ...cutover.codes.map(
      ({ code }, at) => [`code IS NULL AND mapped = ${dialect.literal(code)}`, `unset_${at}`] as const,
    ),
  ];
  return counting(cutover, dialect, more, few);
}

/** `kinds`: how many different legacy values the first 10,000 rows have. */
export function kindsQuery(cutover: ColumnCutover, dialect: CutoverDialect): string {
  const legacy = dialect.id(cutover.legacy);
  return `SELECT COUNT(*) AS kinds FROM (SELECT DISTINCT ${kindOf(cutover, dialect)} AS kind FROM (SELECT ${legacy} FROM ${dialect.table(cutover.table)} LIMIT 10000) AS first_rows) AS seen`;
}

/** Legacy values that are one kind have one code. The runbook's CASE compares as the column does, and so are its kinds. */
function kindOf(cutover: ColumnCutover, { id, grammar }: CutoverDialect): string {
  const legacy = id(cutover.legacy);
  return cutover.unlisted === "runbook" ? legacy : grammar.alike(legacy);
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

/**
 * Rows are grouped by code and mapped code before anything is counted: that is all the counts ask for. Without it planners
 * put the mapping in the place of its name, and fold and compare every value as often as it is named, ten times.
 */
function counting(
  cutover: ColumnCutover,
  dialect: CutoverDialect,
  more: readonly (readonly [condition: string, name: string])[],
  few = false,
): string {
  const { codes } = parts(cutover, dialect);
  const sum = (what: string, name: string) => `COALESCE(SUM(${what}), 0) AS ${dialect.id(name)}`;
  const count = (condition: string, name: string) => sum(`CASE WHEN ${condition} THEN n ELSE 0 END`, name);
  return [
    `SELECT ${sum("n", "total_rows")}`,
    count("code IS NULL AND mapped IS NOT NULL", "unset"),
    count(`code IS NOT NULL AND ${dialect.isDistinct("code", "mapped")}`, "mismatched"),
    count("mapped IS NULL", "quarantined"),
    ...more.map(([condition, name]) => count(condition, name)),
    `${count(`code IS NOT NULL AND code NOT IN (${codes})`, "invalid")} FROM (${few ? kinds(cutover, dialect) : mappedRows(cutover, dialect)}) AS seen`,
  ].join(", ");
}

/** Every pair of code and mapped code with its rows, each row mapped once. */
function mappedRows(cutover: ColumnCutover, dialect: CutoverDialect): string {
  const code = dialect.grammar.exact(dialect.id(cutover.column));
  return `SELECT code, mapped, COUNT(*) AS n FROM (SELECT ${code} AS code, ${mappingCase(cutover, dialect)} AS mapped FROM ${dialect.table(cutover.table)}) AS each_row GROUP BY code, mapped`;
}

/** The same pairs, some of them in several rows: each pair of values in the table mapped once. */
function kinds(cutover: ColumnCutover, dialect: CutoverDialect): string {
  const code = dialect.grammar.exact(dialect.id(cutover.column));
  const kind = kindOf(cutover, dialect);
  return `SELECT code, ${mappingCase(cutover, dialect, "kind")} AS mapped, n FROM (SELECT ${code} AS code, ${kind} AS kind, COUNT(*) AS n FROM ${dialect.table(cutover.table)} GROUP BY ${code}, ${kind}) AS kinds`;
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
