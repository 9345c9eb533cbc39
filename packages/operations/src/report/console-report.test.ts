import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { consoleReport } from "./console-report.ts";
import { failedReport, passedReport, reportSaying, sampleCheck } from "./sample-reports.ts";

const success = `============================================================
  Post-Migration Verification
  Started: 2024-01-15T14:30:00.000Z
  Bundle: ./migration-bundle-2024-01-15
============================================================

[1/4] Loading migration bundle...
  - Run ID: run-20240115-143000
  - Dry run: false
  - Completed: 2024-01-15T14:28:00.000Z

[2/4] Connecting to database...
  - Members: 2147
  - Events: 523
  - Registrations: 8603

[3/4] Running verification checks...
  [PASS] Member Count: Member count matches: 2147
  [PASS] Event Count: Event count matches: 523
  [PASS] Registration Count: Registration count matches: 8603
  [PASS] Tier Distribution: Tier distribution: NEWCOMER: 500, FIRST_YEAR: 800...
  [PASS] Tier Coverage: Tier coverage: 98.5% (2115/2147)
  [PASS] Orphaned Registrations: No orphaned registrations found
  [PASS] Duplicate ID Mappings: No duplicate ID mappings found
  [PASS] Run ID Match: Run ID matches: run-20240115-143000

[4/4] Generating verification report...
  - Report written to: ./verification-report.md

============================================================
  Verification PASSED
  Checks: 8 passed, 0 failed, 0 warnings
  Duration: 1523ms
============================================================`;

test("a successful verification prints the lines that the runbook shows", () => {
  const lines = [
    ...consoleReport.opening({ startedAt: passedReport.verifiedAt, bundlePath: passedReport.bundlePath }),
    ...consoleReport.loading(),
    ...consoleReport.loaded({ runId: passedReport.runId, dryRun: false, completedAt: "2024-01-15T14:28:00.000Z" }),
    ...consoleReport.connecting(),
    ...consoleReport.connected(passedReport.counts.database),
    ...consoleReport.checking(),
    ...passedReport.checks.flatMap((check) => consoleReport.checked(check)),
    ...consoleReport.writing(),
    ...consoleReport.written("./verification-report.md"),
    ...consoleReport.closing(passedReport),
    ...consoleReport.escalating(passedReport.escalate),
  ];
  expect(lines.join("\n")).toBe(success);
});

test.each([
  [
    sampleCheck({ passed: false, message: "Member count mismatch: expected 2147, got 2100 (diff: 47)" }),
    "  [FAIL] Member Count: Member count mismatch: expected 2147, got 2100 (diff: 47)",
  ],
  [
    sampleCheck({
      name: "Tier Coverage",
      severity: "warning",
      passed: false,
      message: "Low tier coverage: 85.0% - 322 members without tier",
    }),
    "  [WARN] Tier Coverage: Low tier coverage: 85.0% - 322 members without tier",
  ],
])("a check that did not pass prints as in the runbook's issues", (check, line) => {
  expect(consoleReport.checked(check)).toEqual([line]);
});

test("verbose adds what was expected and found", () => {
  expect(consoleReport.checked(sampleCheck({ actual: 2147n }), { verbose: true })).toEqual([
    "  [PASS] Member Count: Member count matches: 2147",
    "         id: member-count",
    "         expected: 2147",
    "         actual: 2147",
  ]);
});

test("a failed verification says so, with whole milliseconds", () => {
  expect(consoleReport.closing({ ...failedReport, durationMs: 12.6 }).slice(2, 5)).toEqual([
    "  Verification FAILED",
    "  Checks: 1 passed, 2 failed, 1 warnings",
    "  Duration: 13ms",
  ]);
});

test("a run that never completed has no completion time", () => {
  expect(consoleReport.loaded({ runId: "r", dryRun: true })).toEqual([
    "  - Run ID: r",
    "  - Dry run: true",
    "  - Completed: not recorded",
  ]);
});

test("an escalation follows with its reasons", () => {
  expect(consoleReport.escalating({ required: true, reasons: ["A rollback is required"] })).toEqual([
    "",
    "  Escalate before repairing anything:",
    "  - A rollback is required",
  ]);
});

describe("hostile values", () => {
  test("no value adds a line or a control character", () => {
    const text = fc.string({
      unit: fc.oneof(fc.constantFrom("\n", "\r", "\u001b", "\u202e", "\u2028", "["), fc.string({ maxLength: 2 })),
    });
    fc.assert(
      fc.property(text, (value) => {
        const report = reportSaying(value);
        const lines = [
          ...consoleReport.opening({ startedAt: report.verifiedAt, bundlePath: report.bundlePath }),
          ...consoleReport.loaded({ runId: value, dryRun: false, completedAt: value }),
          ...consoleReport.connected(report.counts.database),
          ...report.checks.flatMap((check) => consoleReport.checked(check, { verbose: true })),
          ...consoleReport.written(value),
          ...consoleReport.escalating(report.escalate),
        ];
        expect(lines).toHaveLength(5 + 3 + 1 + 8 + 1 + 3);
        expect(lines.join("")).not.toMatch(/[\p{Cc}\u2028\u2029\u202e]/u);
      }),
    );
  });
});
