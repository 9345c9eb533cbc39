import fc from "fast-check";
import { expect, it } from "vitest";
import { jsonDepth } from "./json-body.ts";

function depthOf(value: unknown): number {
  if (value === null || typeof value !== "object") return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

it("counts the nesting of any JSON, whatever its strings hold", () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.constantFrom(0, 2), (value, indent) => {
      expect(jsonDepth(JSON.stringify(value, null, indent))).toBe(depthOf(value));
    }),
    { numRuns: 500, seed: 20260115 },
  );
});

it("does not take brackets in strings for nesting", () => {
  expect(jsonDepth('{"a":"[[[\\"{{{","b":["]"]}')).toBe(2);
  expect(jsonDepth("[".repeat(100_000))).toBe(100_000);
});
