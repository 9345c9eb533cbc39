import { expect, test } from "vitest";
import { boolean, instant } from "./functions.ts";

test.each([
  ["2026-01-15T14:30:00Z", "2026-01-15T14:30:00.000000Z"],
  ["2026-01-15T14:30:00.5Z", "2026-01-15T14:30:00.500000Z"],
  ["2026-01-15T14:30:00.123456Z", "2026-01-15T14:30:00.123456Z"],
  ["2026-01-15 14:30:00.123456+05:45", "2026-01-15T08:45:00.123456Z"],
  ["2026-01-15 14:30-08", "2026-01-15T22:30:00.000000Z"],
  ["2026-01-15T23:30:00-0130", "2026-01-16T01:00:00.000000Z"],
  ["2026-01-15", "2026-01-15T00:00:00.000000Z"],
  ["2024-02-29T00:00:00z", "2024-02-29T00:00:00.000000Z"],
])("%s is %s", (text, stored) => {
  expect(instant(text)).toBe(stored);
  expect(instant(stored)).toBe(stored);
});

test.each([
  "",
  "soon",
  "2026-02-30T00:00:00Z",
  "2026-02-30 00:00+01",
  "2026-13-01",
  "2026-01-15T25:00:00Z",
  "15.01.2026",
  "2026-01-15T14:30:00Z; --",
])("%j is no instant", (text) => {
  expect(() => instant(text)).toThrow("not an instant");
});

test("booleans are the words that PostgreSQL takes", () => {
  expect(["true", "T", "1", "yes", "on"].map(boolean)).toEqual([1n, 1n, 1n, 1n, 1n]);
  expect(["false", "F", "0", "no", "off"].map(boolean)).toEqual([0n, 0n, 0n, 0n, 0n]);
  expect(() => boolean("perhaps")).toThrow("not a boolean");
});
