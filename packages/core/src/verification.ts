/** What `verify` returns: the keys are read by users' tools (docs/cli.md), so they only ever grow. */

export type Severity = "error" | "warning";
export type CheckCategory = "counts" | "tiers" | "integrity" | "policies" | "content";

export interface CheckResult {
  /** Stable id: `member-count`, `row-content`. */
  readonly id: string;
  /** Title for people: `Member Count`. */
  readonly name: string;
  readonly category: CheckCategory;
  /** `warning` never fails a report. */
  readonly severity: Severity;
  readonly passed: boolean;
  readonly expected: unknown;
  readonly actual: unknown;
  readonly message: string;
}

export interface TierShare {
  readonly tierCode: string;
  readonly tierName: string;
  readonly count: number;
  /** 0 to 100, of all members. */
  readonly percentage: number;
}

/** How reports speak of a distribution. */
export interface DistributionWords {
  /** `Tier Distribution`. */
  readonly title: string;
  /** `tier`. */
  readonly noun: string;
  /** What is counted: `members`. */
  readonly rows: string;
}

export interface PolicyComparison {
  readonly key: string;
  readonly expected: unknown;
  readonly actual: unknown;
  readonly matches: boolean;
}

export interface VerificationReport {
  readonly runId: string;
  readonly bundlePath: string;
  /** ISO 8601 UTC. */
  readonly verifiedAt: string;
  readonly durationMs: number;
  /** False as soon as one check of severity error failed. */
  readonly passed: boolean;
  readonly checks: readonly CheckResult[];
  readonly summary: {
    readonly total: number;
    readonly passed: number;
    readonly failed: number;
    readonly warnings: number;
  };
  readonly counts: {
    readonly bundle: Readonly<Record<string, number>>;
    readonly database: Readonly<Record<string, number>>;
  };
  readonly tierDistribution: readonly TierShare[];
  /** What the distribution is of; absent: of members over tiers. Null when the migration has none. */
  readonly distribution?: DistributionWords | null;
  readonly policyVerification: readonly PolicyComparison[];
  readonly escalate: { readonly required: boolean; readonly reasons: readonly string[] };
}

/** PASS, WARN or FAIL as the console and the reports print it. */
export function outcome(check: CheckResult): "PASS" | "WARN" | "FAIL" {
  if (check.passed) return "PASS";
  return check.severity === "warning" ? "WARN" : "FAIL";
}
