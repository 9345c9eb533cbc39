import type { ColumnCutover } from "./column-cutover.ts";

/**
 * Trims ASCII white space and folds ASCII letters, and nothing else: `toLowerCase` turns a Kelvin sign into a k, and each
 * database its own letters into others.
 */
export function fold(value: string): string {
  return value.replace(/^[ \t-\r]+|[ \t-\r]+$/g, "").replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

/** Legacy spelling, folded, to code: the one table that the application, the backfill and the monitor share. */
export function spellings(cutover: ColumnCutover): ReadonlyMap<string, string> {
  return new Map(
    cutover.codes.flatMap(({ code, spellings: own }) => [code, ...own].map((each) => [fold(each), code] as const)),
  );
}

/** The code of a legacy value as the definition maps it; `null` when none lists it: then it is quarantined. */
export function mapLegacy(cutover: ColumnCutover, legacy: string | null): string | null {
  if (cutover.unlisted === "runbook") return mapByRunbook(cutover, legacy);
  return legacy === null ? null : (spellings(cutover).get(fold(legacy)) ?? null);
}

/** The runbook's CASE: compared as stored, its ELSE takes what is not listed, NULL too. */
export function mapByRunbook({ runbook }: ColumnCutover, legacy: string | null): string | null {
  if (runbook === undefined) return null;
  return runbook.cases.find((each) => legacy !== null && each.spellings.includes(legacy))?.code ?? runbook.otherwise;
}
