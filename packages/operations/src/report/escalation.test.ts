import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { escalation } from "./escalation.ts";
import { sampleCheck } from "./sample-reports.ts";

const same = { bundle: { members: 2147 }, database: { members: 2147 } };
const failed = sampleCheck({ passed: false });

test("a good verification does not escalate", () => {
  expect(escalation([sampleCheck()], same)).toEqual({ required: false, reasons: [] });
});

test("one failure that is not about integrity does not escalate", () => {
  expect(escalation([failed], same).required).toBe(false);
  expect(escalation([sampleCheck({ category: "policies", passed: false })], same).required).toBe(false);
});

test.each(["integrity", "content"] as const)("one %s failure escalates and is named", (category) => {
  const check = sampleCheck({ id: "orphaned-registrations", name: "Orphaned Registrations", category, passed: false });
  expect(escalation([check], same)).toEqual({
    required: true,
    reasons: ["Integrity failure: Orphaned Registrations (orphaned-registrations)"],
  });
});

test("warnings never escalate, however many and of whatever category", () => {
  const warning = sampleCheck({ severity: "warning", category: "integrity", passed: false });
  expect(escalation([warning, warning, warning], same).required).toBe(false);
});

test("two failures escalate", () => {
  const other = sampleCheck({ id: "policy-snapshot", category: "policies", passed: false });
  expect(escalation([failed, sampleCheck(), other], same).reasons).toEqual([
    "Multiple failures: 2 checks failed (member-count, policy-snapshot)",
  ]);
});

test("a rollback that is required escalates a verification that passed", () => {
  expect(escalation([sampleCheck()], same, { rollbackRequired: true }).reasons).toEqual(["A rollback is required"]);
  expect(escalation([sampleCheck()], same, { rollbackRequired: false }).required).toBe(false);
});

test("every reason is given", () => {
  const integrity = sampleCheck({ id: "row-content", name: "Row Content", category: "content", passed: false });
  const counts = { bundle: { members: 2147 }, database: { members: 2000 } };
  expect(escalation([failed, integrity], counts, { rollbackRequired: true }).reasons).toEqual([
    "Integrity failure: Row Content (row-content)",
    "Members count differs by more than 5%: expected 2147, got 2000 (6.8%)",
    "Multiple failures: 2 checks failed (member-count, row-content)",
    "A rollback is required",
  ]);
});

describe("count difference", () => {
  const counted = (bundle: number, database: number) =>
    escalation([], { bundle: { events: bundle }, database: { events: database } }).required;

  test.each([
    [2147, 2100, false],
    [100, 95, false],
    [100, 105, false],
    [100, 94, true],
    [100, 106, true],
    [2000, 1900, false],
    [2000, 1899, true],
    [19, 18, true],
    [20, 19, false],
    [0, 0, false],
    [0, 1, true],
    [523, 0, true],
    [523, Number.NaN, true],
  ])("expected %d, got %d: escalates %s", (bundle, database, required) => {
    expect(counted(bundle, database)).toBe(required);
  });

  test("one small entity escalates beside large ones that match", () => {
    const counts = { bundle: { registrations: 8603, events: 523 }, database: { registrations: 8603, events: 490 } };
    expect(escalation([], counts).reasons).toEqual([
      "Events count differs by more than 5%: expected 523, got 490 (6.3%)",
    ]);
  });

  test("what could not be counted escalates, what the bundle does not name does not", () => {
    expect(escalation([], { bundle: { events: 523 }, database: {} }).reasons).toEqual(["Events could not be counted"]);
    expect(escalation([], { bundle: {}, database: { events: 523 } }).required).toBe(false);
  });

  test("agrees with exact arithmetic for any counts", () => {
    fc.assert(
      fc.property(fc.nat(1_000_000), fc.nat(1_000_000), (bundle, database) => {
        const difference = BigInt(bundle) > BigInt(database) ? BigInt(bundle - database) : BigInt(database - bundle);
        expect(counted(bundle, database)).toBe(difference * 20n > BigInt(bundle));
      }),
    );
  });
});
