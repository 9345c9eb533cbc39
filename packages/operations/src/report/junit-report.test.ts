import fc from "fast-check";
import { SaxesParser } from "saxes";
import { describe, expect, test } from "vitest";
import { hostileText } from "./hostile-text.ts";
import { junitReport } from "./junit-report.ts";
import { printable } from "./printable.ts";
import { failedReport, passedReport, reportSaying, sampleCheck } from "./sample-reports.ts";

interface Element {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: Element[];
  text: string;
}

/** Reads with a strict parser: anything not well-formed throws. */
function read(xml: string): Element {
  const top: Element = { name: "", attributes: {}, children: [], text: "" };
  const open = [top];
  const parser = new SaxesParser();
  parser.on("error", (error) => {
    throw error;
  });
  parser.on("opentag", ({ name, attributes }) => {
    const element: Element = { name, attributes: attributes as Record<string, string>, children: [], text: "" };
    open.at(-1)?.children.push(element);
    open.push(element);
  });
  parser.on("text", (text) => {
    const element = open.at(-1);
    if (element) element.text += text;
  });
  parser.on("closetag", () => open.pop());
  parser.write(xml).close();
  return top.children[0]!;
}

function suiteOf(xml: string): Element {
  const suites = read(xml);
  expect([suites.name, suites.children.length]).toEqual(["testsuites", 1]);
  return suites.children[0]!;
}

const named = (element: Element, name: string) => element.children.filter((child) => child.name === name);

test("a passed report is a suite of passed test cases", () => {
  const suite = suiteOf(junitReport(passedReport));
  expect(suite.attributes).toEqual({
    name: "Post-Migration Verification",
    package: "runback",
    id: "0",
    hostname: "localhost",
    timestamp: "2024-01-15T14:30:00",
    tests: "8",
    failures: "0",
    errors: "0",
    skipped: "0",
    time: "1.523",
  });
  const cases = named(suite, "testcase");
  expect(cases.map(({ attributes }) => attributes.name)).toEqual(passedReport.checks.map(({ name }) => name));
  expect(cases[0]?.attributes).toEqual({ name: "Member Count", classname: "verification.counts", time: "0.000" });
  expect(cases.every(({ children }) => children.length === 0)).toBe(true);
});

test("elements come in the order of the Ant schema", () => {
  const order = suiteOf(junitReport(failedReport)).children.map(({ name }) => name);
  expect([...new Set(order)]).toEqual(["properties", "testcase", "system-out", "system-err"]);
  expect(order.lastIndexOf("testcase")).toBe(order.indexOf("system-out") - 1);
});

test("a failed check is a failure with its id, message, expected and actual values", () => {
  const suite = suiteOf(junitReport(failedReport));
  expect([suite.attributes.tests, suite.attributes.failures]).toEqual(["4", "2"]);
  const failures = named(suite, "testcase").flatMap((testcase) => named(testcase, "failure"));
  expect(failures.map(({ attributes }) => attributes.type)).toEqual(["member-count", "row-content"]);
  expect(failures[0]).toMatchObject({
    attributes: { message: "Member count mismatch: expected 2147, got 2000 (diff: 147)" },
    text: "Member count mismatch: expected 2147, got 2000 (diff: 147)\nexpected: 2147\nactual: 2000",
  });
});

test("a warning is a passed test case, told in a property and in system-out", () => {
  const suite = suiteOf(junitReport(failedReport));
  const warned = named(suite, "testcase").find(({ attributes }) => attributes.name === "Tier Coverage");
  expect(warned?.children).toEqual([]);
  const message = "Low tier coverage: 85.0% - 322 members without tier";
  const properties = named(suite, "properties")[0]?.children.map(({ attributes }) => [
    attributes.name,
    attributes.value,
  ]);
  expect(properties).toContainEqual(["warning.tier-coverage", message]);
  expect(properties).toContainEqual(["counts.registrations.database", "absent"]);
  expect(named(suite, "system-out")[0]?.text).toBe(`[WARN] Tier Coverage (tier-coverage): ${message}`);
});

test("reasons to escalate are in system-err", () => {
  const suite = suiteOf(junitReport(failedReport));
  expect(named(suite, "system-err")[0]?.text.split("\n")).toEqual(
    failedReport.escalate.reasons.map((reason) => `Escalate: ${reason}`),
  );
});

test("a failed report without a failed check is red all the same", () => {
  const suite = suiteOf(junitReport({ ...passedReport, passed: false, checks: [sampleCheck()] }));
  expect([suite.attributes.tests, suite.attributes.failures]).toEqual(["2", "1"]);
  expect(named(suite, "testcase").flatMap((testcase) => named(testcase, "failure"))).toHaveLength(1);
});

describe("hostile values", () => {
  const shape = (element: Element): unknown => [
    element.name,
    Object.keys(element.attributes),
    element.children.map(shape),
  ];

  test("any text gives a well-formed document of the same shape that reads back the text", () => {
    const plain = shape(read(junitReport(reportSaying("plain"))));
    fc.assert(
      fc.property(hostileText, (text) => {
        const suites = read(junitReport(reportSaying(text)));
        expect(shape(suites)).toEqual(plain);
        const failure = named(named(suites.children[0]!, "testcase")[0]!, "failure")[0]!;
        expect(failure.attributes.message).toBe(printable(text));
        expect(failure.text.startsWith(`${printable(text)}\nexpected: `)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});
