import { type ColumnCutover, type CutoverDialect, mappingCase, runbookCase } from "@runback/core";

/** What of a backfill is SQL over the row `t`. */
export interface BackfillSql {
  /** The code that the legacy value maps to; NULL for one to quarantine. */
  readonly code: string;
  /** The new column is NULL. */
  readonly unset: string;
  /** The row stays NULL, for no code lists its value. */
  readonly quarantined: string;
}

export function backfillSql(cutover: ColumnCutover, dialect: CutoverDialect, runbookCompat: boolean): BackfillSql {
  const legacy = `t.${dialect.id(cutover.legacy)}`;
  const code = runbookCompat ? runbookCase(cutover, dialect, legacy) : mappingCase(cutover, dialect, legacy);
  // Spelled so that no index on the new column serves it: read by that index, a step would go through every row that is
  // still NULL instead of those of its window.
  const unset = `CASE WHEN t.${dialect.id(cutover.column)} IS NULL THEN 1 ELSE 0 END = 1`;
  return {
    code,
    unset,
    quarantined: `t.${dialect.id(cutover.column)} IS NULL AND ${code} IS NULL`,
  };
}
