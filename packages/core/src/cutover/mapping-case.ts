import type { ColumnCutover } from "./column-cutover.ts";
import type { CutoverDialect } from "./cutover-dialect.ts";
import { spellings } from "./map-legacy.ts";

/**
 * SQL of the code that a legacy value maps to; NULL for one to quarantine. Equal to `mapLegacy` on every engine: a property
 * test holds it to that.
 *
 * @param expression the legacy value; default: the column
 */
export function mappingCase(
  cutover: ColumnCutover,
  dialect: CutoverDialect,
  expression = dialect.id(cutover.legacy),
): string {
  if (cutover.unlisted === "runbook") return runbookCase(cutover, dialect, expression);
  const cases = [...spellings(cutover)].map(
    ([from, code]) => `WHEN ${dialect.literal(from)} THEN ${dialect.literal(code)}`,
  );
  return `CASE ${dialect.grammar.fold(dialect, expression)} ${cases.join(" ")} ELSE NULL END`;
}

/** The runbook's own CASE, to the letter: what `--runbook-compat` runs. It compares as the column's collation does. */
export function runbookCase(
  cutover: ColumnCutover,
  dialect: CutoverDialect,
  expression = dialect.id(cutover.legacy),
): string {
  const { cases, otherwise } = cutover.runbook!;
  const branches = cases.map(
    ({ code, spellings: own }) =>
      `WHEN ${expression} IN (${own.map((each) => dialect.literal(each)).join(",")}) THEN ${dialect.literal(code)}`,
  );
  return `CASE ${branches.join(" ")} ELSE ${dialect.literal(otherwise)} END`;
}
