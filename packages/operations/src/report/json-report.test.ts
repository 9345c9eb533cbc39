import { expect, test } from "vitest";
import { jsonReport } from "./json-report.ts";
import { failedReport, passedReport } from "./sample-reports.ts";

test("has the keys tools read, in the order of the contract", () => {
  const document = JSON.parse(jsonReport(failedReport));
  expect(Object.keys(document)).toEqual([
    "runId",
    "bundlePath",
    "verifiedAt",
    "durationMs",
    "passed",
    "checks",
    "summary",
    "counts",
    "tierDistribution",
    "policyVerification",
    "escalate",
  ]);
  expect(Object.keys(document.checks[0])).toEqual([
    "id",
    "name",
    "category",
    "severity",
    "passed",
    "expected",
    "actual",
    "message",
  ]);
  expect(Object.keys(document.tierDistribution[0])).toEqual(["tierCode", "tierName", "count", "percentage"]);
  expect(document.summary).toEqual({ total: 4, passed: 1, failed: 2, warnings: 1 });
  expect(document.escalate).toEqual(failedReport.escalate);
});

test("a report of plain values reads back equal", () => {
  expect(JSON.parse(jsonReport(passedReport))).toEqual(passedReport);
});

test("bigint counts become numbers, and absent values null instead of missing keys", () => {
  const document = JSON.parse(jsonReport(failedReport));
  expect(document.checks[0].actual).toBe(2000);
  expect(document.policyVerification[2]).toEqual({
    key: "membership.tiers.waMapping",
    expected: { "1st Year": "FIRST_YEAR" },
    actual: null,
    matches: false,
  });
});

test("is one document that ends with a line break", () => {
  expect(jsonReport(passedReport)).toMatch(/^\{\n.*\n\}\n$/s);
});
