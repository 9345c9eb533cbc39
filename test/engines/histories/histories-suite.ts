import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { freshTarget, type TestTarget } from "../../support/engines.ts";
import { rotatedEngines } from "../../support/rotated-engines.ts";
import { historiesFixture } from "../fixtures/histories-fixture.ts";
import { checkHistory, history, type Outcome } from "./check.ts";

/** `RUNBACK_SEED` repeats a failure; otherwise every run of the suite sees other histories. */
const seed = Number(process.env.RUNBACK_SEED ?? Date.now() % 2 ** 31);

/** What runs another engine's SQL over another way to it gets a tenth of them. */
const shareOf = (name: string, runs: number) =>
  name === "data-api" || name === "pgbouncer" ? Math.ceil(runs / 10) : runs;

/** @param runs histories per engine */
export function historiesSuite(runs: number): void {
  describe.each(rotatedEngines)("histories on %s", (name) => {
    let target: TestTarget;
    beforeAll(async () => {
      target = await freshTarget(name);
      await historiesFixture(name).prepare(target.engine);
    });
    afterAll(async () => {
      await target[Symbol.asyncDispose]();
    });

    const count = shareOf(name, runs);
    test(`${count} random ones are taken back (seed ${seed})`, async () => {
      const outcomes: Record<Outcome, number> = { net: 0, replayed: 0, aborted: 0, refused: 0 };
      await fc.assert(
        fc.asyncProperty(history, async (each) => {
          outcomes[await checkHistory(target.engine, each)]++;
        }),
        { seed, numRuns: count, endOnFailure: process.env.RUNBACK_SHRINK === undefined },
      );
      console.info(`histories on ${name}, seed ${seed}: ${JSON.stringify(outcomes)}`);
      expect(outcomes.net).toBeGreaterThan(0);
      // Fewer than that need not meet every outcome.
      if (count < 60) return;
      expect(outcomes.replayed).toBeGreaterThan(0);
      // One in some twenty-five: sixty without any are no surprise.
      if (count >= 300) expect(outcomes.aborted).toBeGreaterThan(0);
      expect(outcomes.refused).toBeLessThan(count * 0.05);
    }, 3_600_000);
  });
}
