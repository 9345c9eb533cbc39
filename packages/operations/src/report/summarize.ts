import { type CheckResult, outcome, type VerificationReport } from "@runback/core";

/** Counts outcomes: `failed` are failed checks of severity error, `warnings` those of severity warning. The three sum to `total`. */
export function summarize(checks: readonly CheckResult[]): VerificationReport["summary"] {
  const outcomes = checks.map(outcome);
  const count = (wanted: string) => outcomes.filter((found) => found === wanted).length;
  return { total: checks.length, passed: count("PASS"), failed: count("FAIL"), warnings: count("WARN") };
}
