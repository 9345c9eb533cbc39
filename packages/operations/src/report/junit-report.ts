import { type CheckResult, outcome, type VerificationReport } from "@runback/core";
import { compareCounts } from "./compare-counts.ts";
import { displayValue } from "./display-value.ts";
import { xmlElement, xmlText } from "./xml-element.ts";

/**
 * The report as JUnit XML: one test suite with a test case a check. A warning is a passed test case, as in the exit status;
 * it is written as property `warning.<id>` and in `system-out`. Valid for the Ant schema and for Jenkins' one, which is
 * why `hostname` is a constant, the timestamp (UTC) has no zone, and warnings stand at the suite.
 */
export function junitReport(report: VerificationReport): string {
  const cases = report.checks.map(checkCase);
  const failed = report.checks.filter((check) => outcome(check) === "FAIL").length;
  // A failed report without a failed check would be green in CI: nothing fails open.
  const verdict = !report.passed && failed === 0 ? [verdictCase()] : [];
  const suite = xmlElement(
    "testsuite",
    {
      name: "Post-Migration Verification",
      package: "runback",
      id: 0,
      hostname: "localhost",
      timestamp: report.verifiedAt.slice(0, "2024-01-15T14:30:00".length),
      tests: cases.length + verdict.length,
      failures: failed + verdict.length,
      errors: 0,
      skipped: 0,
      time: (report.durationMs / 1000).toFixed(3),
    },
    [
      ...indent(1, [properties(report), ...cases, ...verdict]),
      ...indent(1, [xmlElement("system-out", {}, [warnings(report)]), xmlElement("system-err", {}, [reasons(report)])]),
      "\n  ",
    ],
  );
  return `<?xml version="1.0" encoding="UTF-8"?>\n${xmlElement("testsuites", {}, [...indent(0, [suite]), "\n"])}\n`;
}

function properties(report: VerificationReport): string {
  const pairs: readonly (readonly [string, string])[] = [
    ["runId", report.runId],
    ["bundlePath", report.bundlePath],
    ["passed", String(report.passed)],
    ["escalate", String(report.escalate.required)],
    ...compareCounts(report.counts).flatMap(({ entity, bundle, database }): [string, string][] => [
      [`counts.${entity}.bundle`, displayValue(bundle)],
      [`counts.${entity}.database`, displayValue(database)],
    ]),
    ...report.checks
      .filter((check) => outcome(check) === "WARN")
      .map((check): [string, string] => [`warning.${check.id}`, check.message]),
  ];
  return xmlElement("properties", {}, [
    ...indent(
      2,
      pairs.map(([name, value]) => xmlElement("property", { name, value })),
    ),
    "\n    ",
  ]);
}

function checkCase(check: CheckResult): string {
  const attributes = { name: check.name, classname: `verification.${check.category}`, time: "0.000" };
  if (outcome(check) !== "FAIL") return xmlElement("testcase", attributes);
  const body = [
    xmlText(check.message),
    `expected: ${xmlText(displayValue(check.expected))}`,
    `actual: ${xmlText(displayValue(check.actual))}`,
  ].join("\n");
  return xmlElement("testcase", attributes, [
    ...indent(2, [xmlElement("failure", { type: check.id, message: check.message }, [body])]),
    "\n    ",
  ]);
}

function verdictCase(): string {
  const message = "The verification failed without a failed check.";
  return xmlElement("testcase", { name: "Verification", classname: "verification", time: "0.000" }, [
    ...indent(2, [xmlElement("failure", { type: "verification", message }, [xmlText(message)])]),
    "\n    ",
  ]);
}

function warnings(report: VerificationReport): string {
  return report.checks
    .filter((check) => outcome(check) === "WARN")
    .map((check) => xmlText(`[WARN] ${check.name} (${check.id}): ${check.message}`))
    .join("\n");
}

function reasons({ escalate }: VerificationReport): string {
  return escalate.reasons.map((reason) => xmlText(`Escalate: ${reason}`)).join("\n");
}

function indent(depth: number, elements: readonly string[]): string[] {
  return elements.map((element) => `\n${"  ".repeat(depth + 1)}${element}`);
}
