import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import type { ColumnCutover } from "@runback/core";
import { defineCutover, flagsNamed, version } from "@runback/core";
import Ajv from "ajv";
import fc from "fast-check";
import type { Log } from "sarif";
import { expect, test } from "vitest";
import type { SourceFile } from "../files.ts";
import type { Finding } from "../finding.ts";
import { type GuardReport, guard } from "../guard.ts";
import { rules } from "../rules.ts";
import { sarif } from "./sarif.ts";

const read = (path: string) => JSON.parse(readFileSync(path, "utf8")) as object;

const require = createRequire(import.meta.url);

/** The schema of SARIF 2.1.0 as Microsoft's SDK for SARIF carries it, in JSON Schema's draft 4. */
const schema = read(require.resolve("@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json"));
const ajv = new Ajv({ schemaId: "id", meta: false, format: "full", allErrors: true });
ajv.addMetaSchema(read(require.resolve("ajv/lib/refs/json-schema-draft-04.json")));
const valid = ajv.compile(schema);
const violations = (log: unknown) => {
  valid(log);
  return (valid.errors ?? []).map(({ dataPath, message }) => `${dataPath} ${message}`);
};

const cutover: ColumnCutover = defineCutover({
  ...{ name: "attendee-status", table: { schema: "", name: "event_attendance" }, key: ["id"] },
  ...{ legacy: "status", column: "status_v2", unlisted: "quarantine", dualWrite: "application" },
  codes: [{ code: "dna", label: "Did not attend", colour: "#6b7280", spellings: [] }],
  flags: flagsNamed("status_v2"),
});

const file = (path: string, text: string): SourceFile => ({
  ...{ path, text },
  language: path.endsWith(".sql") ? "sql" : "code",
});
const update = "UPDATE event_attendance SET status = 'dna' WHERE id = 1;\n";
const waiver = '-- runback-guard-ignore legacy-write until=2027-01-01 reason="the import of 2019"\n';

/** What the guard finds in sources, as a log that was written and read again. */
async function logOf(
  files: readonly SourceFile[],
  commit: string | null = null,
): Promise<{ log: Log; report: GuardReport }> {
  const revision = commit === null ? { commit, dirty: null, why: "no repository" } : { commit, dirty: false };
  const now = new Date("2026-01-15T14:30:00.000Z");
  const report = await guard(files, { cutovers: [{ cutover, phase: 4 }], now, revision } as Parameters<
    typeof guard
  >[1]);
  return { report, log: JSON.parse(JSON.stringify(sarif(report))) as Log };
}

test("what is held to the schema is held to all of it", async () => {
  const { log } = await logOf([file("a.sql", update)]);
  expect(violations(log)).toEqual([]);
  const broken: [string, (log: Log) => void][] = [
    ["$schema", (each) => Object.assign(each, { $schema: "not a uri" })],
    ["version", (each) => Object.assign(each, { version: "2.0.0" })],
    ["tool", (each) => Reflect.deleteProperty(each.runs[0]!, "tool")],
    ["informationUri", (each) => Object.assign(each.runs[0]!.tool.driver, { informationUri: "no uri" })],
    ["rules", (each) => each.runs[0]!.tool.driver.rules!.push({ ...each.runs[0]!.tool.driver.rules![0]! })],
    ["invocations", (each) => Reflect.deleteProperty(each.runs[0]!.invocations![0]!, "executionSuccessful")],
    ["endTimeUtc", (each) => Object.assign(each.runs[0]!.invocations![0]!, { endTimeUtc: "yesterday" })],
    ["level", (each) => Object.assign(each.runs[0]!.results![0]!, { level: "fatal" })],
    ["line", (each) => Object.assign(each.runs[0]!.results![0]!, { line: 3 })],
    [
      "uri",
      (each) =>
        Object.assign(each.runs[0]!.results![0]!.locations![0]!.physicalLocation!.artifactLocation!, { uri: "a b\\c" }),
    ],
    [
      "region",
      (each) => Object.assign(each.runs[0]!.results![0]!.locations![0]!.physicalLocation!.region!, { startLine: 0 }),
    ],
    ["suppressions", (each) => Object.assign(each.runs[0]!.results![0]!, { suppressions: [{ status: "accepted" }] })],
    ["partialFingerprints", (each) => Object.assign(each.runs[0]!.results![0]!, { partialFingerprints: { a: 1 } })],
  ];
  for (const [what, change] of broken) {
    const copy = structuredClone(log);
    change(copy);
    expect(violations(copy), what).not.toEqual([]);
  }
});

test("findings, waivers and what could not be read are a log that the schema describes", async () => {
  const commit = "0123456789abcdef0123456789abcdef01234567";
  const files = [
    file("src/a b/status.sql", update),
    file("waived.sql", waiver + update),
    file("broken.ts", 'import { eventAttendance } from "./schema";\nconst = ;\n'),
    file("broken.sql", "UPDATE event_attendance SET SET status;\n"),
  ];
  const { log, report } = await logOf(files, commit);
  expect(violations(log)).toEqual([]);
  expect(report).toMatchObject({ passed: false, counts: { error: 1, unread: 2, waived: 1 } });
  const [run] = log.runs;
  const { driver } = run!.tool;
  expect(log.$schema).toBe("https://json.schemastore.org/sarif-2.1.0.json");
  expect(driver).toMatchObject({ name: "runback guard", semanticVersion: version });
  expect(driver.rules!.map(({ id }) => id)).toEqual(Object.keys(rules));
  for (const result of run!.results!) expect(driver.rules![result.ruleIndex!]!.id).toBe(result.ruleId);
  expect(run!.automationDetails).toEqual({ id: `runback-guard/${commit}` });
  const [invocation, ...more] = run!.invocations!;
  expect(more).toEqual([]);
  expect(invocation).toMatchObject({ executionSuccessful: false, exitCode: 1, endTimeUtc: "2026-01-15T14:30:00.000Z" });
  const told = invocation!.toolExecutionNotifications!;
  expect(told.map(({ descriptor, level }) => [descriptor!.id, level])).toEqual([
    ["unread-statement", "error"],
    ["unread-file", "error"],
  ]);
  for (const { descriptor, locations } of told) {
    expect(driver.notifications![descriptor!.index!]!.id).toBe(descriptor!.id);
    expect(locations![0]!.physicalLocation!.artifactLocation!.uri).toMatch(/^broken\.(sql|ts)$/);
  }
  expect(run!.results!.filter(({ suppressions }) => suppressions !== undefined)).toMatchObject([
    {
      ruleId: "legacy-write",
      suppressions: [{ kind: "inSource", status: "accepted", justification: "the import of 2019 (until 2027-01-01)" }],
    },
  ]);
});

test("nothing found is a success, and a log as well", async () => {
  const { log } = await logOf([file("a.sql", "SELECT 1;\n")]);
  expect(violations(log)).toEqual([]);
  const [run] = log.runs;
  expect(run!.results).toEqual([]);
  expect(run!.invocations).toEqual([
    { executionSuccessful: true, exitCode: 0, endTimeUtc: "2026-01-15T14:30:00.000Z" },
  ]);
});

test("a result keeps its fingerprint when lines come above it, and no two of a log share one", async () => {
  const of = async (text: string, path = "a.sql") =>
    (await logOf([file(path, text)])).log.runs[0]!.results!.map(
      (each) => each.partialFingerprints!["runbackGuard/v1"]!,
    );
  const prints = await of(update + update);
  expect(new Set(prints).size).toBe(2);
  for (const each of prints) expect(each).toMatch(/^[0-9a-f]{64}$/);
  expect(await of(`-- a line more\n\n${update}SELECT 1;\n${update}`)).toEqual(prints);
  expect(await of(update + update, "./a.sql")).toEqual(prints);
  expect(await of(update + update, "b.sql")).not.toEqual(prints);
  // Waived, it is the same result.
  expect(await of(waiver + update)).toEqual([prints[0]]);
});

const findingIn = (path: string): GuardReport => {
  const finding: Finding = {
    ...{ rule: "legacy-write", severity: "error", file: path, line: 3, column: 7, statementLine: 3 },
    ...{ cutover: "attendee-status", message: "event_attendance.status is retired and written here." },
  };
  return {
    ...{ passed: false, checkedAt: "2026-01-15T14:30:00.000Z", sourceSha256: "0".repeat(64), files: 1, lines: 9 },
    ...{ revision: { commit: null, dirty: null }, counts: { error: 1, unread: 0, warning: 0, waived: 0 } },
    ...{ cutovers: [], findings: [finding], waived: [] },
  } as unknown as GuardReport;
};
const uriOf = (path: string): string => {
  const log = JSON.parse(JSON.stringify(sarif(findingIn(path)))) as Log;
  expect(violations(log)).toEqual([]);
  return log.runs[0]!.results![0]!.locations![0]!.physicalLocation!.artifactLocation!.uri!;
};

test.each([
  ["src/a b/status.ts", "src/a%20b/status.ts"],
  ["./ä/ü#1?.sql", "%C3%A4/%C3%BC%231%3F.sql"],
  ["../c:/100%.ts", "../c%3A/100%25.ts"],
  ["back\\slash.ts", "back%5Cslash.ts"],
  ["/srv/app/x y.ts", "file:///srv/app/x%20y.ts"],
])("%s is at %s", (path, uri) => expect(uriOf(path)).toBe(uri));

test("whatever a file is called, its address is one, and leads back to it", () => {
  const name = fc
    .string({ unit: "binary", minLength: 1, maxLength: 12 })
    .filter((each) => !/[/\0]/.test(each) && !/^\.+$/.test(each));
  fc.assert(
    fc.property(fc.array(name, { minLength: 1, maxLength: 4 }), fc.boolean(), (parts, absolute) => {
      const path = `${absolute ? "/" : ""}${parts.join("/")}`;
      const uri = uriOf(path);
      const back = absolute ? fileURLToPath(uri) : uri.split("/").map(decodeURIComponent).join("/");
      expect(back).toBe(path);
    }),
    { numRuns: 100 },
  );
});
