import { describe, expect, it } from "vitest";
import { Random } from "./random.ts";

/** Pearson's statistic of observed counts against equal ones. */
function chiSquare(counts: readonly number[]): number {
  const expected = counts.reduce((sum, count) => sum + count, 0) / counts.length;
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}

describe("Random", () => {
  it("gives the same numbers for the same seed, stream and index, everywhere", () => {
    const random = new Random(202, 5, 7);
    expect([random.next(), random.next(), random.next()]).toEqual([2_910_679_556, 3_162_563_324, 3_879_403_018]);
  });

  it("tells seeds, streams and indexes apart, above 32 bits too", () => {
    const firsts = [
      new Random(1, 1, 1),
      new Random(2, 1, 1),
      new Random(1, 2, 1),
      new Random(1, 1, 2),
      new Random(1 + 2 ** 32, 1, 1),
    ].map((random) => random.next());
    expect(new Set(firsts).size).toBe(5);
  });

  it("draws evenly, also across neighbouring indexes", () => {
    const single = Array<number>(10).fill(0);
    const pairs = Array<number>(100).fill(0);
    let previous = 0;
    for (let index = 0; index < 50_000; index++) {
      const drawn = new Random(202, 6, index).below(10);
      single[drawn]! += 1;
      pairs[previous * 10 + drawn]! += 1;
      previous = drawn;
    }
    // The 99.9 % points for 9 and 99 degrees of freedom; the numbers are fixed, so this never fails by chance.
    expect(chiSquare(single)).toBeLessThan(27.9);
    expect(chiSquare(pairs)).toBeLessThan(148.2);
  });

  it("refuses to pick from nothing", () => {
    expect(() => new Random(1, 1, 1).pick([])).toThrow(RangeError);
  });
});
