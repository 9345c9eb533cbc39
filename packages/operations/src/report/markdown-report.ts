import { outcome, type VerificationReport } from "@runback/core";
import { compareCounts } from "./compare-counts.ts";
import { displayValue } from "./display-value.ts";
import { capital, distributionWords } from "./distribution-words.ts";
import { markdownTable } from "./markdown-table.ts";
import { markdownCode, markdownText } from "./markdown-text.ts";
import { percentText } from "./percent-text.ts";

/**
 * The report as GitHub-flavoured Markdown with the sections operators know: Summary, Count Comparison, Tier Distribution,
 * Verification Checks, Policy Verification, Escalation. Ends with a line break.
 */
export function markdownReport(report: VerificationReport): string {
  const sections: readonly (readonly [string, readonly string[]])[] = [
    ["Summary", summary(report)],
    ["Count Comparison", counts(report)],
    ...distribution(report),
    ["Verification Checks", checks(report)],
    ["Policy Verification", policies(report)],
    ["Escalation", escalation(report)],
  ];
  const body = sections.flatMap(([title, lines]) => ["", `## ${title}`, "", ...lines]);
  return `${["# Post-Migration Verification Report", ...body].join("\n")}\n`;
}

function summary({ summary, ...report }: VerificationReport): string[] {
  return markdownTable(
    [{ title: "Verification" }, { title: report.passed ? "**PASSED**" : "**FAILED**" }],
    [
      ["Run ID", markdownCode(report.runId)],
      ["Bundle", markdownCode(report.bundlePath)],
      ["Verified at", markdownText(report.verifiedAt)],
      ["Duration", `${Math.round(report.durationMs)} ms`],
      [
        "Checks",
        `${summary.total} checks: ${summary.passed} passed, ${summary.failed} failed, ${summary.warnings} warnings`,
      ],
      ["Escalation", report.escalate.required ? "**required**" : "not required"],
    ],
  );
}

function counts(report: VerificationReport): string[] {
  const rows = compareCounts(report.counts);
  if (rows.length === 0) return ["No records were counted."];
  return markdownTable(
    [
      { title: "Entity" },
      { title: "Bundle", align: "right" },
      { title: "Database", align: "right" },
      { title: "Difference", align: "right" },
      { title: "Result" },
    ],
    rows.map((row) => [
      markdownText(row.label),
      String(row.bundle ?? "–"),
      String(row.database ?? "–"),
      row.difference === undefined ? "–" : signed(row.difference),
      { match: "match", differ: "**differs**", "not counted": "**not counted**", extra: "not in the bundle" }[
        row.result
      ],
    ]),
  );
}

function distribution(report: VerificationReport): [title: string, lines: string[]][] {
  const words = distributionWords(report);
  if (words === null) return [];
  const title = markdownText(words.title);
  if (report.tierDistribution.length === 0) return [[title, [`No ${markdownText(words.noun)}s were found.`]]];
  const table = markdownTable(
    [
      { title: markdownText(capital(words.noun)) },
      { title: "Name" },
      { title: markdownText(capital(words.rows)), align: "right" },
      { title: "Share", align: "right" },
    ],
    report.tierDistribution.map((tier) => [
      markdownCode(tier.tierCode),
      markdownText(tier.tierName),
      String(tier.count),
      markdownText(percentText(tier.percentage)),
    ]),
  );
  return [[title, table]];
}

function checks(report: VerificationReport): string[] {
  if (report.checks.length === 0) return ["No checks were run."];
  const table = markdownTable(
    [{ title: "Result" }, { title: "Check" }, { title: "ID" }, { title: "Message" }],
    report.checks.map((check) => [
      check.passed ? "PASS" : `**${outcome(check)}**`,
      markdownText(check.name),
      markdownCode(check.id),
      markdownText(check.message),
    ]),
  );
  const details = report.checks
    .filter((check) => !check.passed)
    .flatMap((check) => [
      "",
      `### ${outcome(check)}: ${markdownText(check.name)}`,
      "",
      `- Message: ${markdownText(check.message)}`,
      `- Expected: ${markdownCode(displayValue(check.expected))}`,
      `- Actual: ${markdownCode(displayValue(check.actual))}`,
    ]);
  return [...table, ...details];
}

function policies(report: VerificationReport): string[] {
  if (report.policyVerification.length === 0) return ["No policies were compared."];
  return markdownTable(
    [{ title: "Policy" }, { title: "Expected" }, { title: "Actual" }, { title: "Result" }],
    report.policyVerification.map((policy) => [
      markdownCode(policy.key),
      markdownCode(displayValue(policy.expected)),
      markdownCode(displayValue(policy.actual)),
      policy.matches ? "match" : "**differs**",
    ]),
  );
}

function escalation({ escalate }: VerificationReport): string[] {
  if (!escalate.required) return ["Not required."];
  return [
    "**Required.** Do not repair integrity failures yourself: keep this report and escalate.",
    "",
    ...escalate.reasons.map((reason) => `- ${markdownText(reason)}`),
  ];
}

function signed(difference: number): string {
  return difference > 0 ? `+${difference}` : String(difference);
}
