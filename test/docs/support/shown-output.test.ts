import { expect, test } from "vitest";
import { ShownOutput } from "./shown-output.ts";

const a = "run-20260115-143000-aaaaaa";
const b = "run-20260115-143000-bbbbbb";
const c = "run-20260115-143000-cccccc";

test("ids are bound once and hold in later commands", () => {
  const output = new ShownOutput();
  expect(output.compare([`Run ${a} (2.4 s)`], `Run ${b} (0.1 s)\n`)).toBeNull();
  expect(output.command(`runback rollback ${a}`)).toBe(`runback rollback ${b}`);
  expect(output.compare([`Run ${a} (2.4 s)`], `Run ${c} (0.1 s)`)).toContain(c);
  expect(output.compare([`Run ${c} (2.4 s)`], `Run ${b} (0.1 s)`)).toContain(b);
});

test("counts, words and the number of lines have to be right", () => {
  const output = new ShownOutput();
  expect(output.compare(["members  2147"], "members 2147")).toBeNull();
  expect(output.compare(["members  2147"], "members 2148")).toContain("2148");
  expect(output.compare(["one", "two"], "one")).toContain("nothing more");
  expect(output.compare(["one"], "one\ntwo")).toContain("more than the page shows");
});

test("dots stand for lines that are left out, and only for those", () => {
  const output = new ShownOutput();
  expect(output.compare(["one", "...", "four"], "one\ntwo\nthree\nfour")).toBeNull();
  expect(output.compare(["one", "..."], "one\ntwo")).toBeNull();
  expect(output.compare(["one", "...", "five"], "one\ntwo")).toContain("five");
});
