import { type CheckResult, outcome, type VerificationReport } from "@runback/core";
import { entityLabel } from "./compare-counts.ts";
import { displayValue } from "./display-value.ts";
import { printable } from "./printable.ts";

const rule = "=".repeat(60);

/** What the first phase learns from the bundle. */
export interface LoadedBundle {
  readonly runId: string;
  readonly dryRun: boolean;
  /** ISO 8601 UTC; absent when the run never completed. */
  readonly completedAt?: string | undefined;
}

/**
 * The console lines of a verification, phase by phase, so that a caller prints what it is about to do before it does it
 * and a database that hangs shows where. Each function returns whole lines without line breaks; blank lines that separate
 * phases come first. Operators' scripts match these lines: their text is part of the contract.
 *
 * @example
 * print(consoleReport.opening({ startedAt, bundlePath }));
 * print(consoleReport.loading());
 * print(consoleReport.loaded(bundle));
 */
export const consoleReport = {
  /** @param about `startedAt` in ISO 8601 UTC, the bundle as the operator named it */
  opening: (about: { readonly startedAt: string; readonly bundlePath: string }): string[] => [
    rule,
    "  Post-Migration Verification",
    `  Started: ${printable(about.startedAt)}`,
    `  Bundle: ${printable(about.bundlePath)}`,
    rule,
  ],

  loading: (): string[] => phase(1, "Loading migration bundle"),

  loaded: (bundle: LoadedBundle): string[] => [
    item("Run ID", bundle.runId),
    item("Dry run", String(bundle.dryRun)),
    item("Completed", bundle.completedAt ?? "not recorded"),
  ],

  connecting: (): string[] => phase(2, "Connecting to database"),

  /** @param counts rows of each entity, in the order to print: `{ members: 2147 }` */
  connected: (counts: Readonly<Record<string, number>>): string[] =>
    Object.entries(counts).map(([entity, count]) => item(entityLabel(entity), String(count))),

  checking: (): string[] => phase(3, "Running verification checks"),

  /** One check; with `verbose` also what was expected and found. */
  checked: (check: CheckResult, options: { readonly verbose?: boolean } = {}): string[] => {
    const line = `  [${outcome(check)}] ${printable(check.name)}: ${printable(check.message)}`;
    if (!options.verbose) return [line];
    return [
      line,
      `         id: ${printable(check.id)}`,
      `         expected: ${displayValue(check.expected)}`,
      `         actual: ${displayValue(check.actual)}`,
    ];
  },

  writing: (): string[] => phase(4, "Generating verification report"),

  written: (path: string): string[] => [item("Report written to", path)],

  closing: (report: Pick<VerificationReport, "passed" | "summary" | "durationMs">): string[] => [
    "",
    rule,
    `  Verification ${report.passed ? "PASSED" : "FAILED"}`,
    `  Checks: ${report.summary.passed} passed, ${report.summary.failed} failed, ${report.summary.warnings} warnings`,
    `  Duration: ${Math.round(report.durationMs)}ms`,
    rule,
  ],

  /** After the closing block; nothing when no escalation is required. */
  escalating: (escalate: VerificationReport["escalate"]): string[] =>
    escalate.required
      ? ["", "  Escalate before repairing anything:", ...escalate.reasons.map((reason) => `  - ${printable(reason)}`)]
      : [],
};

function phase(number: number, title: string): string[] {
  return ["", `[${number}/4] ${title}...`];
}

function item(label: string, value: string): string {
  return `  - ${printable(label)}: ${printable(value)}`;
}
