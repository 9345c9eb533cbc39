import { describe, expect, it } from "vitest";
import { Random } from "./random.ts";
import { coprimeStep, shuffle } from "./shuffle.ts";

describe("shuffle", () => {
  it.each([1, 2, 3, 4, 5, 16, 17, 64, 65, 1000, 2147, 70_000])("is a permutation of 0 to %i - 1", (size) => {
    const permute = shuffle(new Random(1, 1, size), size);
    const seen = new Set<number>();
    for (let position = 0; position < size; position++) seen.add(permute(position));
    expect(seen.size).toBe(size);
    expect(Math.min(...seen.values().take(100_000))).toBe(0);
    expect([...seen].every((value) => Number.isInteger(value) && value < size)).toBe(true);
  });

  it("does not keep neighbours together", () => {
    const permute = shuffle(new Random(202, 2, 0), 2147);
    let near = 0;
    for (let position = 1; position < 2147; position++) {
      if (Math.abs(permute(position) - permute(position - 1)) < 100) near++;
    }
    // About 9 % of random pairs are that near.
    expect(near).toBeLessThan(300);
    expect(near).toBeGreaterThan(100);
  });
});

describe("coprimeStep", () => {
  it("visits every residue", () => {
    for (let size = 1; size <= 200; size++) {
      const step = coprimeStep(new Random(7, 1, size), size);
      const visited = new Set(Array.from({ length: size }, (_, turn) => (turn * step) % size));
      expect(visited.size).toBe(size);
    }
  });
});
