import { expect, test } from "vitest";
import type { Finding } from "../finding.ts";
import type { GuardReport } from "../guard.ts";
import { rules } from "../rules.ts";
import { sarif } from "./sarif.ts";

/**
 * The part of SARIF 2.1.0's schema that the guard's logs touch, by hand from the standard: which properties an object has
 * there, which it must have, and what they may hold. The schema itself is not among what is installed here.
 */
interface Shape {
  readonly required?: readonly string[];
  readonly properties: Readonly<Record<string, Kind>>;
}
type Kind = Shape | readonly [Kind] | RegExp | "text" | "boolean" | "bag" | { readonly from: number };

const message: Shape = { required: ["text"], properties: { text: "text" } };
const log: Shape = {
  required: ["version", "runs"],
  properties: {
    $schema: /^https:\/\/\S+$/,
    version: /^2\.1\.0$/,
    runs: [
      {
        required: ["tool"],
        properties: {
          tool: {
            required: ["driver"],
            properties: {
              driver: {
                required: ["name"],
                properties: {
                  name: "text",
                  semanticVersion: /^\d+\.\d+\.\d+/,
                  rules: [
                    { required: ["id"], properties: { id: "text", shortDescription: message, properties: "bag" } },
                  ],
                },
              },
            },
          },
          columnKind: /^(utf16CodeUnits|unicodeCodePoints)$/,
          automationDetails: { properties: { id: "text" } },
          invocations: [
            {
              required: ["executionSuccessful"],
              properties: { executionSuccessful: "boolean", endTimeUtc: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/ },
            },
          ],
          results: [
            {
              required: ["message"],
              properties: {
                ruleId: "text",
                ruleIndex: { from: 0 },
                level: /^(none|note|warning|error)$/,
                message,
                locations: [
                  {
                    properties: {
                      physicalLocation: {
                        required: ["artifactLocation"],
                        properties: {
                          artifactLocation: { properties: { uri: /^[^\s\\"<>^`{|}]+$/ } },
                          region: { properties: { startLine: { from: 1 }, startColumn: { from: 1 } } },
                        },
                      },
                    },
                  },
                ],
                properties: "bag",
                suppressions: [
                  {
                    required: ["kind"],
                    properties: {
                      kind: /^(inSource|external)$/,
                      status: /^(accepted|underReview|rejected)$/,
                      justification: "text",
                    },
                  },
                ],
              },
            },
          ],
          properties: "bag",
        },
      },
    ],
  },
};

function violations(value: unknown, kind: Kind, at: string): string[] {
  if (kind === "bag") return value !== null && typeof value === "object" && !Array.isArray(value) ? [] : [at];
  if (kind === "text") return typeof value === "string" && value !== "" ? [] : [at];
  if (kind === "boolean") return typeof value === "boolean" ? [] : [at];
  if (kind instanceof RegExp) return typeof value === "string" && kind.test(value) ? [] : [at];
  if ("from" in kind) return Number.isInteger(value) && Number(value) >= kind.from ? [] : [at];
  if (!("properties" in kind))
    return Array.isArray(value) ? value.flatMap((each, n) => violations(each, kind[0], `${at}[${n}]`)) : [at];
  if (value === null || typeof value !== "object" || Array.isArray(value)) return [at];
  const given = Object.entries(value).filter(([, each]) => each !== undefined);
  const missing = (kind.required ?? []).filter((name) => !given.some(([each]) => each === name));
  return [
    ...missing.map((name) => `${at}.${name} is missing`),
    ...given.flatMap(([name, each]) =>
      kind.properties[name] === undefined
        ? [`${at}.${name} is unknown`]
        : violations(each, kind.properties[name], `${at}.${name}`),
    ),
  ];
}

const finding = (more: Partial<Finding>): Finding => ({
  ...{ rule: "legacy-write", severity: "error", file: "src/a b/status.ts", line: 3, column: 7, statementLine: 3 },
  ...{ cutover: "attendee-status", message: "event_attendance.status is retired and written here." },
  ...more,
});

test.each([
  [{ commit: "0123456789abcdef0123456789abcdef01234567", dirty: false }],
  [{ commit: null, dirty: null, why: "no repository" }],
])("a log is one that SARIF 2.1.0 describes (%j)", (revision) => {
  const report = {
    ...{ passed: false, checkedAt: "2026-01-15T14:30:00.000Z", revision, sourceSha256: "0".repeat(64) },
    ...{ files: 3, lines: 9, counts: { error: 1, unread: 1, warning: 1, waived: 1 } },
    cutovers: [{ name: "attendee-status", table: "event_attendance", column: "status", phase: 4 }],
    findings: [
      finding({}),
      finding({ severity: "warning", file: "./ä/ü#1?.sql" }),
      finding({ file: "/srv/app/x y.ts", line: 1, column: 1 }),
    ],
    waived: [{ ...finding({}), reason: "the import of 2019", until: "2027-01-01" }],
  } as unknown as GuardReport;
  const written = JSON.parse(JSON.stringify(sarif(report))) as ReturnType<typeof sarif>;
  expect(violations(written, log, "log")).toEqual([]);
  const [run] = written.runs;
  const ids = run!.tool.driver.rules!.map(({ id }) => id);
  expect(ids).toEqual(Object.keys(rules));
  for (const result of run!.results!) expect(ids[result.ruleIndex!]).toBe(result.ruleId);
  expect(run!.results!.map(({ locations }) => locations![0]!.physicalLocation!.artifactLocation!.uri)).toEqual([
    "src/a%20b/status.ts",
    "%C3%A4/%C3%BC%231%3F.sql",
    "file:///srv/app/x%20y.ts",
    "src/a%20b/status.ts",
  ]);
  expect(run!.results!.at(-1)!.suppressions).toHaveLength(1);
});
