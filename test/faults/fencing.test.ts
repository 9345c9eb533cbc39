import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { inTurn } from "../support/rotated-engines.ts";
import { expectUndisturbed, goingOn } from "./interrupted.ts";
import { violations } from "./invariants.ts";
import { deep, seed, seededRandom } from "./seeded-random.ts";
import { startWorker } from "./start-worker.ts";
import { freshPlace, type Subject, script, subject } from "./targets.ts";

const stops = Array.from({ length: deep ? 25 : 1 }, (_, index) => index);

describe.each(inTurn(["import", "rollback"] as const))(
  `a process stopped and replaced during %s (RUNBACK_SEED=${seed})`,
  (kind) => {
    let under: Subject;
    /** Where it is on record and not yet complete, by what the place's name begins with. */
    const places = (prefix: string) => {
      const from = under.points.findIndex((point) => point.startsWith('before insert into "runback"."runs"')) + 6;
      return under.points.flatMap((point, at) =>
        at > from && at < under.points.length - 8 && point.startsWith(prefix) ? [at + 1] : [],
      );
    };
    beforeAll(async () => {
      under = await subject(kind);
    });
    afterAll(() => under.close());

    test.each(stops.flatMap((index) => [["after commit", index] as const, ["before ", index] as const]))(
      "%s, %i: it writes nothing more",
      async (prefix, index) => {
        const random = seededRandom(seed + index);
        await using place = await freshPlace(under);
        const where = { databaseUrl: place.databaseUrl, vaultUrl: place.vaultUrl };
        const candidates = places(prefix);
        const holdAt = candidates[Math.floor(random() * candidates.length)]!;
        const first = startWorker({ ...under.task, ...where, holdAt, holdFor: prefix, idleInTransactionMs: 1_000 });
        expect(await first.held).toContain(prefix);
        first.process.kill("SIGSTOP");
        // Waits for the lease's row, if the stopped process has it locked, until the server ends its transaction.
        await script(place.databaseUrl, "UPDATE runback.leases SET expires_at = clock_timestamp()");
        const second = startWorker({ ...(await goingOn(under, place)), ...where, holdAt: "after commit" });
        expect(await second.held).toBe("after commit");
        first.process.kill("SIGCONT");
        first.go();
        expect(await first.end).toMatchObject({ stderr: "", error: { code: "LEASE_LOST" } });
        expect(await violations(place.databaseUrl, under.task.runId)).toEqual([]);
        second.go();
        expect(await second.end).toMatchObject({ stderr: "", result: { runId: expect.any(String) } });
        await expectUndisturbed(under, place);
      },
    );

    test("while it lives and its lease runs, nobody else gets in", async () => {
      await using place = await freshPlace(under);
      const where = { databaseUrl: place.databaseUrl, vaultUrl: place.vaultUrl };
      const first = startWorker({
        ...under.task,
        ...where,
        holdAt: places("after commit").at(-2)!,
        holdFor: "after commit",
      });
      expect(await first.held).toBe("after commit");
      const second = startWorker({ ...(await goingOn(under, place)), ...where });
      expect((await second.end).error?.code).toBe("LEASE_HELD");
      first.go();
      expect(await first.end).toMatchObject({ stderr: "", result: { runId: expect.any(String) } });
      await expectUndisturbed(under, place);
    });

    test("of two that find it dead at once, one goes on and one is told so", async () => {
      await using place = await freshPlace(under);
      const where = { databaseUrl: place.databaseUrl, vaultUrl: place.vaultUrl };
      const first = startWorker({
        ...under.task,
        ...where,
        holdAt: places("after commit").at(0)!,
        holdFor: "after commit",
      });
      await first.held;
      await first.kill();
      const next = await goingOn(under, place);
      const acquiring = 'before insert into "runback"."leases"';
      const pair = [0, 1].map(() => startWorker({ ...next, ...where, holdAt: acquiring }));
      // Both have looked at the lease before either takes it; the second waits for the first one's row by then.
      await Promise.race(pair.map((worker) => worker.held));
      for (const worker of pair) worker.go();
      const ends = await Promise.all(pair.map((worker) => worker.end));
      expect(ends.map((end) => end.error?.code ?? "done").sort()).toEqual(["LEASE_HELD", "done"]);
      await expectUndisturbed(under, place);
    });
  },
);
