import { expect, test } from "vitest";
import { atMost } from "./at-most.ts";

test("no more than so many run at once, in their order, and one that fails gives its place up", async () => {
  const turn = atMost(2);
  const log: string[] = [];
  let running = 0;
  let most = 0;
  const work = (name: string, fails = false) =>
    turn(async () => {
      most = Math.max(most, ++running);
      log.push(name);
      await Promise.resolve();
      running--;
      if (fails) throw new Error(name);
      return name;
    });
  const ended = await Promise.allSettled([work("a", true), work("b"), work("c", true), work("d"), work("e")]);
  expect(ended.map(({ status }) => status)).toEqual(["rejected", "fulfilled", "rejected", "fulfilled", "fulfilled"]);
  expect(log).toEqual(["a", "b", "c", "d", "e"]);
  expect(most).toBe(2);
});
