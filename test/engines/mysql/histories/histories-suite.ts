import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { everyEngine, freshTarget, type TestTarget } from "../../../support/engines.ts";
import { history, type Outcome } from "../../histories/check.ts";
import { checkHistory } from "./check.ts";
import { historyDdl } from "./schema.ts";

/** `RUNBACK_SEED` repeats a failure; otherwise every run of the suite sees other histories. */
const seed = Number(process.env.RUNBACK_SEED ?? Date.now() % 2 ** 31);

export function mysqlHistoriesSuite(runs: number): void {
  describe.each(everyEngine.filter((name) => name === "mysql"))("histories on %s", (name) => {
    let target: TestTarget;
    beforeAll(async () => {
      target = await freshTarget(name);
      await target.engine.script(historyDdl);
    });
    afterAll(async () => {
      await target[Symbol.asyncDispose]();
    });

    test(`${runs} random ones are taken back (seed ${seed})`, async () => {
      const outcomes: Record<Outcome, number> = { net: 0, replayed: 0, aborted: 0, refused: 0 };
      await fc.assert(
        fc.asyncProperty(history, async (each) => {
          outcomes[await checkHistory(target.engine, each)]++;
        }),
        { seed, numRuns: runs, endOnFailure: process.env.RUNBACK_SHRINK === undefined },
      );
      console.info(`histories on ${name}, seed ${seed}: ${JSON.stringify(outcomes)}`);
      expect(outcomes.net).toBeGreaterThan(0);
      expect(outcomes.replayed).toBeGreaterThan(0);
      // One in some twenty-five: fifty without any are no surprise.
      if (runs >= 300) expect(outcomes.aborted).toBeGreaterThan(0);
      expect(outcomes.refused).toBeLessThan(Math.max(3, runs * 0.05));
    }, 3_600_000);
  });
}
