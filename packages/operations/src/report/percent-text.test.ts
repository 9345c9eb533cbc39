import { expect, test } from "vitest";
import { percentText } from "./percent-text.ts";

test.each([
  [0, "0.0%"],
  [0.01, "<0.1%"],
  [0.05, "0.1%"],
  [85, "85.0%"],
  [(2115 / 2147) * 100, "98.5%"],
  [99.94, "99.9%"],
  [99.95, ">99.9%"],
  [(2146 / 2147) * 100, ">99.9%"],
  [100, "100.0%"],
])("%d is %s", (percentage, text) => {
  expect(percentText(percentage)).toBe(text);
});
