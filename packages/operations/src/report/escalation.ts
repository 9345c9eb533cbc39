import { type CheckResult, outcome, type VerificationReport } from "@runback/core";
import { type CountComparison, compareCounts } from "./compare-counts.ts";
import { percentText } from "./percent-text.ts";
import { printable } from "./printable.ts";

export interface EscalationOptions {
  /** The operator or a gate already decided that the run must be taken back; no check can know this. */
  readonly rollbackRequired?: boolean;
}

/** A difference of exactly this share does not escalate. Percent of the rows the bundle expects, each entity by itself. */
const tolerancePercent = 5;

/**
 * Whether a second person must decide before anyone repairs anything: an integrity or content check failed, a count is off
 * by more than 5 % (or could not be taken), two or more checks failed, or a rollback is required. Warnings never escalate.
 * The share is taken of each entity, not of all rows: 5 % of 523 events would vanish among 11,273 rows.
 */
export function escalation(
  checks: readonly CheckResult[],
  counts: VerificationReport["counts"],
  options: EscalationOptions = {},
): VerificationReport["escalate"] {
  const failed = checks.filter((check) => outcome(check) === "FAIL");
  const integrity = failed.filter((check) => check.category === "integrity" || check.category === "content");
  const reasons = [
    ...integrity.map((check) => `Integrity failure: ${printable(check.name)} (${printable(check.id)})`),
    ...compareCounts(counts).flatMap(countReason),
    ...(failed.length >= 2
      ? [`Multiple failures: ${failed.length} checks failed (${failed.map(({ id }) => printable(id)).join(", ")})`]
      : []),
    ...(options.rollbackRequired ? ["A rollback is required"] : []),
  ];
  return { required: reasons.length > 0, reasons };
}

function countReason({ label, bundle, database, difference }: CountComparison): string[] {
  if (bundle === undefined) return [];
  if (database === undefined || difference === undefined) return [`${printable(label)} could not be counted`];
  // In whole numbers, and written so that NaN escalates.
  if (Math.abs(difference) * 100 <= bundle * tolerancePercent) return [];
  const share = bundle > 0 ? ` (${percentText((Math.abs(difference) / bundle) * 100)})` : "";
  return [`${printable(label)} count differs by more than 5%: expected ${bundle}, got ${database}${share}`];
}
