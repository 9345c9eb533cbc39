import { expect, test } from "vitest";
import { backoff } from "./backoff.ts";

test("waits grow, by up to a fifth more at random, and end after a day", () => {
  const waits = Array.from({ length: 10 }, (_, index) => backoff(index + 1, 0)!);
  expect(waits[0]).toBe(5_000);
  expect(waits).toEqual([...waits].sort((a, b) => a - b));
  expect(waits.reduce((sum, wait) => sum + wait, 0)).toBeGreaterThan(23 * 3_600_000);
  expect(backoff(1, 1)).toBe(6_000);
  expect(backoff(11, 0)).toBeNull();
});
