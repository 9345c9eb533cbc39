import { pathToFileURL } from "node:url";
import { version } from "@runback/core";
import type { Log, Result } from "sarif";
import type { Finding } from "../finding.ts";
import type { GuardReport, WaivedFinding } from "../guard.ts";
import { rules } from "../rules.ts";

/** A SARIF 2.1.0 log: code hosts show its results on the lines of a change. Waived findings are in it, suppressed. */
export function sarif(report: GuardReport): Log {
  const ids = Object.keys(rules) as (keyof typeof rules)[];
  return {
    $schema: "https://json.schemastore.org/sarif-2.1.0.json",
    version: "2.1.0",
    runs: [
      {
        tool: {
          driver: {
            name: "runback guard",
            semanticVersion: version,
            rules: ids.map((id) => ({
              id,
              shortDescription: { text: rules[id].means },
              properties: { tags: ["database", "migration"] },
            })),
          },
        },
        columnKind: "utf16CodeUnits",
        ...(report.revision.commit === null
          ? {}
          : { automationDetails: { id: `runback-guard/${report.revision.commit}` } }),
        invocations: [{ executionSuccessful: true, endTimeUtc: report.checkedAt }],
        results: [...report.findings, ...report.waived].map((finding) => result(finding, ids)),
        properties: { passed: report.passed, sourceSha256: report.sourceSha256, cutovers: report.cutovers },
      },
    ],
  };
}

function result(finding: Finding | WaivedFinding, ids: readonly string[]): Result {
  return {
    ruleId: finding.rule,
    ruleIndex: ids.indexOf(finding.rule),
    level: finding.severity === "warning" ? "warning" : "error",
    message: { text: finding.message },
    locations: [
      {
        physicalLocation: {
          artifactLocation: { uri: uri(finding.file) },
          region: { startLine: finding.line, startColumn: finding.column },
        },
      },
    ],
    properties: { severity: finding.severity, cutover: finding.cutover },
    ...("reason" in finding
      ? {
          suppressions: [
            { kind: "inSource", status: "accepted", justification: `${finding.reason} (until ${finding.until})` },
          ],
        }
      : {}),
  };
}

/** Relative paths stay relative: code hosts find them below the checkout. */
const uri = (file: string): string =>
  file.startsWith("/")
    ? pathToFileURL(file).href
    : file.replace(/^\.\//, "").split(/[\\/]/).map(encodeURIComponent).join("/");
