import type { Phase } from "@runback/core";
import type { RowCounts } from "./row-counts.ts";

/** What a monitor run found wrong: name and rows of each; empty when it is clean. */
export type MonitorProblems = Readonly<Record<string, number>>;

/**
 * What is wrong in a phase. While both columns are written, rows without a code can only become fewer, code by code: a write
 * sets both, and a delete takes one away. Where they became more since the last look, something wrote the legacy column alone.
 *
 * @param before the counts of the last look in this phase, if there was one
 */
export function monitorProblems(phase: Phase, now: RowCounts, before: RowCounts | undefined): MonitorProblems {
  const found: Record<string, number | undefined> =
    phase >= 4
      ? { nullRows: now.nullRows, invalid: now.invalid }
      : {
          mismatched: now.mismatched,
          invalid: now.invalid,
          ...(phase <= 2 ? { legacyOnly: grown(now, before) } : { unset: now.unset }),
          ...(phase >= 2 ? { quarantined: now.quarantined } : {}),
        };
  return Object.fromEntries(Object.entries(found).filter((each): each is [string, number] => each[1] !== 0));
}

/** By how many rows without a code there are more than before, over the codes that have more. */
export function grown(now: RowCounts, before: RowCounts | undefined): number {
  if (before?.unsetByCode === undefined || now.unsetByCode === undefined) return 0;
  const earlier = before.unsetByCode;
  return Object.entries(now.unsetByCode).reduce(
    (sum, [code, rows]) => sum + Math.max(0, rows - (earlier[code] ?? 0)),
    0,
  );
}
