import { expect, test } from "vitest";
import { assertCutovers } from "./assert-cutovers.ts";
import { type ColumnCutover, flagsNamed } from "./column-cutover.ts";

const cutover = (name: string, column: string): ColumnCutover => ({
  name,
  table: { schema: "", name: "t" },
  key: ["id"],
  legacy: "a",
  column,
  codes: [{ code: "x", label: "x", colour: "#000000", spellings: [] }],
  unlisted: "quarantine",
  dualWrite: "application",
  flags: flagsNamed(column),
});

test("cutovers with names and flags of their own may be in one installation", () => {
  expect(() => assertCutovers([])).not.toThrow();
  expect(() => assertCutovers([cutover("one", "b"), cutover("two", "c")])).not.toThrow();
});

test.each([
  ["one name", [cutover("one", "b"), cutover("one", "c")], "one"],
  ["one flag", [cutover("one", "b"), cutover("two", "b")], "b_dual_write, b_read_pivot"],
  ["a flag that is called like the other", [cutover("one", "b"), cutover("b_read_pivot", "c")], "b_read_pivot"],
])("two cutovers with %s are refused", (_, cutovers, named) => {
  expect(() => assertCutovers(cutovers)).toThrow(
    expect.objectContaining({ code: "CUTOVER_INVALID", message: expect.stringContaining(named) }),
  );
});

test("what nobody gave to defineCutover is checked too", () => {
  expect(() => assertCutovers([{ ...cutover("one", "b"), key: [] }])).toThrow(
    expect.objectContaining({ code: "CUTOVER_INVALID" }),
  );
});
