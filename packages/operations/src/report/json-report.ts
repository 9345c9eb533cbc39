import type { VerificationReport } from "@runback/core";
import { jsonValue } from "./json-value.ts";

/**
 * The report as the JSON document that tools read: every key of the contract, always in the same order, with null where a
 * check or policy has no value. Ends with a line break.
 */
export function jsonReport(report: VerificationReport): string {
  const document = {
    runId: report.runId,
    bundlePath: report.bundlePath,
    verifiedAt: report.verifiedAt,
    durationMs: report.durationMs,
    passed: report.passed,
    checks: report.checks.map((check) => ({
      id: check.id,
      name: check.name,
      category: check.category,
      severity: check.severity,
      passed: check.passed,
      expected: jsonValue(check.expected),
      actual: jsonValue(check.actual),
      message: check.message,
    })),
    summary: {
      total: report.summary.total,
      passed: report.summary.passed,
      failed: report.summary.failed,
      warnings: report.summary.warnings,
    },
    counts: { bundle: jsonValue(report.counts.bundle), database: jsonValue(report.counts.database) },
    tierDistribution: report.tierDistribution.map(({ tierCode, tierName, count, percentage }) => ({
      tierCode,
      tierName,
      count,
      percentage,
    })),
    policyVerification: report.policyVerification.map(({ key, expected, actual, matches }) => ({
      key,
      expected: jsonValue(expected),
      actual: jsonValue(actual),
      matches,
    })),
    escalate: { required: report.escalate.required, reasons: report.escalate.reasons },
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}
