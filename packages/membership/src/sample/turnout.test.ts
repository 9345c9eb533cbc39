import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sampleSize } from "./export-options.ts";
import { turnouts } from "./turnout.ts";

describe("turnouts", () => {
  it("add up exactly, and no event has more people than there are members", () => {
    const sizes = fc
      .record({ seed: fc.nat(), members: fc.integer({ min: 1, max: 60 }), events: fc.integer({ min: 1, max: 60 }) })
      .chain((size) =>
        fc.record({ size: fc.constant(size), registrations: fc.nat({ max: size.members * size.events }) }),
      );
    fc.assert(
      fc.property(sizes, ({ size, registrations }) => {
        const all = [...turnouts(sampleSize({ ...size, registrations }))];
        expect(all).toHaveLength(size.events);
        expect(all.reduce((sum, turnout) => sum + turnout, 0)).toBe(registrations);
        expect(Math.max(...all)).toBeLessThanOrEqual(size.members);
        expect(Math.min(...all)).toBeGreaterThanOrEqual(0);
      }),
      { numRuns: 500 },
    );
  });

  it("differ: small groups and full halls", () => {
    const all = [...turnouts(sampleSize({}))];
    expect(Math.min(...all)).toBeLessThan(5);
    expect(Math.max(...all)).toBeGreaterThan(60);
  });
});
