import { expect, it } from "vitest";
import { bytes, duration, number, utc } from "./format.ts";

it.each([
  [0, "0 ms"],
  [999.4, "999 ms"],
  [1_500, "1.5 s"],
  [59_949, "59.9 s"],
  [59_950, "1 min 00 s"],
  [125_000, "2 min 05 s"],
  [3_599_600, "1 h 00 min"],
  [11_220_000, "3 h 07 min"],
])("%d ms is %s", (ms, text) => {
  expect(duration(ms)).toBe(text);
});

it.each([
  [0, "0 B"],
  [812, "812 B"],
  [999, "999 B"],
  [1_000, "1.0 KB"],
  [999_500, "1.0 MB"],
  [3_140_000, "3.1 MB"],
])("%d bytes are %s", (count, text) => {
  expect(bytes(count)).toBe(text);
});

it("writes numbers and instants the same everywhere", () => {
  expect(number(8603)).toBe("8,603");
  expect(utc("2026-01-15T15:30:05.123+01:00")).toBe("2026-01-15 14:30:05 UTC");
});
