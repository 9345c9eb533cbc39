import { expect, test } from "vitest";
import { pendingChanges } from "./ledger.ts";

const change = (version: number, sha256 = `hash-${version}`) => ({ version, name: `change ${version}`, sha256 });
const all = [change(1), change(2), change(3)];
const pending = (recorded: readonly ReturnType<typeof change>[]) =>
  pendingChanges(all, recorded, "ledger").map(({ version }) => version);

test("an empty target needs all, a current one none, an older one the rest in order", () => {
  expect(pending([])).toEqual([1, 2, 3]);
  expect(pending(all)).toEqual([]);
  expect(pending([change(1)])).toEqual([2, 3]);
});

test.each([
  ["another text", [change(1, "other")], "LEDGER_MISMATCH"],
  ["a hole", [change(1), change(3)], "LEDGER_MISMATCH"],
  ["a newer Runback", [...all, change(4)], "TARGET_NEWER"],
])("%s is refused", (_, recorded, code) => {
  expect(() => pending(recorded)).toThrow(expect.objectContaining({ code }));
});
