import { expect, test } from "vitest";
import { takeTurns } from "./take-turns.ts";

test("turns come one at a time, in the order they were asked for", async () => {
  const turns = takeTurns();
  const seen: string[] = [];
  const first = await turns.begin();
  const second = turns.begin().then((end) => {
    seen.push("second");
    return end;
  });
  const third = turns.begin().then((end) => {
    seen.push("third");
    end();
  });
  await Promise.resolve();
  expect(seen).toEqual([]);
  first();
  const end = await second;
  expect(seen).toEqual(["second"]);
  end();
  await third;
  expect(seen).toEqual(["second", "third"]);
});
