import fc from "fast-check";
import { expect, test } from "vitest";
import { sampleCheck } from "./sample-reports.ts";
import { summarize } from "./summarize.ts";

test("a failed check of severity warning is a warning, a passed one has passed", () => {
  const checks = [
    sampleCheck(),
    sampleCheck({ passed: false }),
    sampleCheck({ severity: "warning" }),
    sampleCheck({ severity: "warning", passed: false }),
    sampleCheck({ severity: "warning", passed: false }),
  ];
  expect(summarize(checks)).toEqual({ total: 5, passed: 2, failed: 1, warnings: 2 });
});

test("the outcomes of any checks sum to their number", () => {
  const check = fc
    .record({ passed: fc.boolean(), severity: fc.constantFrom("error", "warning") })
    .map((changes) => sampleCheck(changes));
  fc.assert(
    fc.property(fc.array(check), (checks) => {
      const { total, passed, failed, warnings } = summarize(checks);
      expect([total, passed + failed + warnings]).toEqual([checks.length, checks.length]);
      expect(failed).toBe(checks.filter(({ passed, severity }) => !passed && severity === "error").length);
    }),
  );
});
