import type { CheckResult, TierShare, VerificationReport } from "@runback/core";
import { escalation } from "./escalation.ts";
import { summarize } from "./summarize.ts";

const tierCounts: readonly (readonly [string, string, number])[] = [
  ["NEWCOMER", "Newcomer", 500],
  ["FIRST_YEAR", "First Year", 800],
  ["SECOND_YEAR", "Second Year", 400],
  ["THIRD_YEAR", "Third Year", 215],
  ["ALUMNI", "Alumni & Friends of the Association", 150],
  ["LAPSED", "Lapsed", 50],
  ["GENERAL", "General", 0],
];

const sampleTiers: readonly TierShare[] = tierCounts.map(([tierCode, tierName, count]) => ({
  tierCode,
  tierName,
  count,
  percentage: (count / 2147) * 100,
}));

/** A check with what a test cares about; the rest is a passed member count. */
export function sampleCheck(changes: Partial<CheckResult> = {}): CheckResult {
  return {
    id: "member-count",
    name: "Member Count",
    category: "counts",
    severity: "error",
    passed: true,
    expected: 2147,
    actual: 2147,
    message: "Member count matches: 2147",
    ...changes,
  };
}

/** The verification that runbook 3 prints, for tests. */
export const passedReport: VerificationReport = sampleReport({
  checks: [
    sampleCheck(),
    sampleCheck({
      id: "event-count",
      name: "Event Count",
      expected: 523,
      actual: 523,
      message: "Event count matches: 523",
    }),
    sampleCheck({
      id: "registration-count",
      name: "Registration Count",
      expected: 8603,
      actual: 8603,
      message: "Registration count matches: 8603",
    }),
    sampleCheck({
      id: "tier-distribution",
      name: "Tier Distribution",
      category: "tiers",
      expected: null,
      actual: { NEWCOMER: 500, FIRST_YEAR: 800 },
      message: "Tier distribution: NEWCOMER: 500, FIRST_YEAR: 800...",
    }),
    sampleCheck({
      id: "tier-coverage",
      name: "Tier Coverage",
      category: "tiers",
      expected: 0.95,
      actual: 2115 / 2147,
      message: "Tier coverage: 98.5% (2115/2147)",
    }),
    sampleCheck({
      id: "orphaned-registrations",
      name: "Orphaned Registrations",
      category: "integrity",
      expected: 0,
      actual: 0,
      message: "No orphaned registrations found",
    }),
    sampleCheck({
      id: "duplicate-mappings",
      name: "Duplicate ID Mappings",
      category: "integrity",
      expected: 0,
      actual: 0,
      message: "No duplicate ID mappings found",
    }),
    sampleCheck({
      id: "run-id-match",
      name: "Run ID Match",
      category: "integrity",
      severity: "warning",
      expected: "run-20240115-143000",
      actual: ["run-20240115-143000"],
      message: "Run ID matches: run-20240115-143000",
    }),
  ],
});

/** Two failures, a warning, a policy that differs. */
export const failedReport: VerificationReport = sampleReport({
  checks: [
    sampleCheck({
      passed: false,
      actual: 2000n,
      message: "Member count mismatch: expected 2147, got 2000 (diff: 147)",
    }),
    sampleCheck({
      id: "tier-coverage",
      name: "Tier Coverage",
      category: "tiers",
      severity: "warning",
      passed: false,
      expected: 0.95,
      actual: 0.85,
      message: "Low tier coverage: 85.0% - 322 members without tier",
    }),
    sampleCheck({
      id: "row-content",
      name: "Row Content",
      category: "content",
      passed: false,
      expected: { Member: "0 rows differ" },
      actual: { Member: ["0190c2d4-5f1e-7a61-9c11-2f0d7e6b9a01", "0190c2d4-5f1e-7a61-9c11-2f0d7e6b9a02"] },
      message: "Member: 2 rows differ from the bundle",
    }),
    sampleCheck({
      id: "orphaned-registrations",
      name: "Orphaned Registrations",
      category: "integrity",
      expected: 0,
      actual: 0,
      message: "No orphaned registrations found",
    }),
  ],
  counts: {
    bundle: { members: 2147, events: 523, registrations: 8603 },
    database: { members: 2000, events: 524, memberTiers: 8 },
  },
  policyVerification: [
    { key: "scheduling.timezone", expected: "America/Los_Angeles", actual: "America/Los_Angeles", matches: true },
    { key: "governance.quorumPercentage", expected: 50, actual: "50", matches: false },
    { key: "membership.tiers.waMapping", expected: { "1st Year": "FIRST_YEAR" }, actual: undefined, matches: false },
  ],
});

/** A failed report with `text` wherever a value comes from a bundle, a database or a configuration. */
export function reportSaying(text: string): VerificationReport {
  const checks = (["error", "warning"] as const).map((severity) =>
    sampleCheck({
      id: text,
      name: text,
      severity,
      passed: false,
      expected: text,
      actual: { [text]: [text] },
      message: text,
    }),
  );
  return {
    ...sampleReport({ checks }),
    runId: text,
    bundlePath: text,
    verifiedAt: text,
    counts: { bundle: { [text]: 1 }, database: { [text]: 2 } },
    tierDistribution: [{ tierCode: text, tierName: text, count: 1, percentage: 100 }],
    policyVerification: [{ key: text, expected: text, actual: [text], matches: false }],
    escalate: { required: true, reasons: [text] },
  };
}

function sampleReport(
  parts: Pick<VerificationReport, "checks"> & Partial<Pick<VerificationReport, "counts" | "policyVerification">>,
): VerificationReport {
  const same = { members: 2147, events: 523, registrations: 8603 };
  const counts = parts.counts ?? { bundle: same, database: same };
  const summary = summarize(parts.checks);
  return {
    runId: "run-20240115-143000",
    bundlePath: "./migration-bundle-2024-01-15",
    verifiedAt: "2024-01-15T14:30:00.000Z",
    durationMs: 1523,
    passed: summary.failed === 0,
    checks: parts.checks,
    summary,
    counts,
    tierDistribution: sampleTiers,
    policyVerification: parts.policyVerification ?? [],
    escalate: escalation(parts.checks, counts),
  };
}
