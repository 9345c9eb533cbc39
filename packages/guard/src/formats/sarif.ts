import { createHash } from "node:crypto";
import { sep } from "node:path";
import { version } from "@runback/core";
import type { Location, Log, Notification, Result } from "sarif";
import type { Finding } from "../finding.ts";
import type { GuardReport, WaivedFinding } from "../guard.ts";
import { rules } from "../rules.ts";

/**
 * A SARIF 2.1.0 log: code hosts show its results on the lines of a change. Waived findings are in it, suppressed. What could
 * not be read is also a notification of an invocation that was no success: who sees no result of it is not told that all is well.
 */
export function sarif(report: GuardReport): Log {
  const ids = Object.keys(rules) as (keyof typeof rules)[];
  const unread = report.findings.filter(({ rule }) => notified.includes(rule));
  const fingerprint = fingerprints();
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
            notifications: notified.map((id) => ({ id, shortDescription: { text: rules[id].means } })),
          },
        },
        columnKind: "utf16CodeUnits",
        ...(report.revision.commit === null
          ? {}
          : { automationDetails: { id: `runback-guard/${report.revision.commit}` } }),
        invocations: [
          {
            executionSuccessful: unread.length === 0,
            exitCode: report.passed ? 0 : 1,
            endTimeUtc: report.checkedAt,
            ...(unread.length === 0 ? {} : { toolExecutionNotifications: unread.map(notification) }),
          },
        ],
        results: [...report.findings, ...report.waived].map((finding) => ({
          ...result(finding, ids),
          partialFingerprints: { "runbackGuard/v1": fingerprint(finding) },
        })),
        properties: { passed: report.passed, sourceSha256: report.sourceSha256, cutovers: report.cutovers },
      },
    ],
  };
}

/** Rules about what the guard could not read. */
const notified: readonly (keyof typeof rules)[] = ["unread-file", "unread-statement"];

const notification = (finding: Finding): Notification => ({
  descriptor: { id: finding.rule, index: notified.indexOf(finding.rule) },
  level: "error",
  message: { text: finding.message },
  locations: [locationOf(finding)],
});

/**
 * What makes a result the same one after lines came above it: everything of it but the line, and the how-manieth of its
 * like in the file.
 */
function fingerprints(): (finding: Finding) => string {
  const seen = new Map<string, number>();
  return ({ rule, file, cutover, message }) => {
    const like = JSON.stringify([rule, relative(file), cutover, message]);
    const nth = (seen.get(like) ?? 0) + 1;
    seen.set(like, nth);
    return createHash("sha256").update(`${like} ${nth}`).digest("hex");
  };
}

const locationOf = ({ file, line, column }: Finding): Location => ({
  physicalLocation: {
    artifactLocation: { uri: uri(file) },
    region: { startLine: line, startColumn: column },
  },
});

function result(finding: Finding | WaivedFinding, ids: readonly string[]): Result {
  return {
    ruleId: finding.rule,
    ruleIndex: ids.indexOf(finding.rule),
    level: finding.severity === "warning" ? "warning" : "error",
    message: { text: finding.message },
    locations: [locationOf(finding)],
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

const relative = (file: string): string => file.replace(/^(\.\/+)+/, "");

/**
 * Relative paths stay relative: code hosts find them below the checkout. Absolute ones are not left to the URL parser, which
 * takes control characters out of names.
 */
const uri = (file: string): string =>
  `${file.startsWith("/") ? "file://" : ""}${relative(file).toWellFormed().split(sep).map(encodeURIComponent).join("/")}`;
