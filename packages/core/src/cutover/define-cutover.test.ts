import { expect, test } from "vitest";
import { type ColumnCutover, flagsNamed } from "./column-cutover.ts";
import { defineCutover } from "./define-cutover.ts";

const code = (name: string, ...spellings: string[]) => ({ code: name, label: name, colour: "#000000", spellings });
const good: ColumnCutover = {
  name: "c",
  table: { schema: "", name: "t" },
  key: ["id"],
  legacy: "a",
  column: "b",
  codes: [code("x", "one"), code("y")],
  unlisted: "quarantine",
  dualWrite: "application",
  flags: flagsNamed("b"),
};

test("a definition that holds together is given back", () => {
  expect(defineCutover(good)).toBe(good);
});

test.each<[string, Partial<ColumnCutover>]>([
  ["it has no codes", { codes: [] }],
  ["a code is listed twice", { codes: [code("x"), code("x")] }],
  ['"one" is a spelling of x and of y', { codes: [code("x", "one"), code("y", " ONE ")] }],
  ['"y" is a spelling of x and of y', { codes: [code("x", "Y"), code("y")] }],
  ["is not ASCII", { codes: [code("x", "\u00e9t\u00e9")] }],
  ["is empty", { codes: [code("x", " ")] }],
  ["it has no key", { key: [] }],
  ["both columns have one name", { legacy: "b" }],
  ["the unlisted go by a runbook's mapping, and it has none", { unlisted: "runbook" }],
  [
    "the runbook's mapping gives z, which is no code",
    { runbook: { cases: [{ code: "x", spellings: [] }], otherwise: "z" } },
  ],
  ["both columns have one name", { legacy: "B" }],
  ["the retired name a is that of one of both columns", { retiredName: "A" }],
  ["the retired name b is that of one of both columns", { retiredName: "b" }],
  ["its name is 1 to 80 letters", { name: "attendance:7" }],
  ["dualWrite is application or bridge", { dualWrite: "triggers" as never }],
  ["unlisted is quarantine or runbook", { unlisted: "default" as never }],
  ["it has no codes", { codes: undefined as never }],
  ["it has no flags, or not in the form of one", { flags: undefined as never }],
  ["it has no table, or not in the form of one", { table: { name: "t" } as never }],
  ["both flags have one name", { flags: { ...good.flags, readPivot: good.flags.dualWrite } }],
])("refuses a definition: %s", (why, change) => {
  expect(() => defineCutover({ ...good, ...change })).toThrow(
    expect.objectContaining({ code: "CUTOVER_INVALID", message: expect.stringContaining(why) }),
  );
});
