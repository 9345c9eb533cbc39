import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { inTurn } from "../support/rotated-engines.ts";
import { blockTable } from "./block-table.ts";
import { expectRecovery, goingOn } from "./interrupted.ts";
import { violations } from "./invariants.ts";
import { deep, seed, seededRandom } from "./seeded-random.ts";
import { startWorker } from "./start-worker.ts";
import { freshPlace, type Subject, subject } from "./targets.ts";

const kills = (few: number, many: number) => Array.from({ length: deep ? many : few }, (_, index) => index);

describe.each(inTurn(["import", "rollback"] as const))(`kill -9 during %s (RUNBACK_SEED=${seed})`, (kind) => {
  let under: Subject;
  beforeAll(async () => {
    under = await subject(kind);
  });
  afterAll(() => under.close());

  test.each(kills(2, 150))("between statements, around commits and stores: %i", async (index) => {
    const random = seededRandom(seed + index);
    await using place = await freshPlace(under);
    const where = { databaseUrl: place.databaseUrl, vaultUrl: place.vaultUrl };
    const first = startWorker({ ...under.task, ...where, holdAt: 1 + Math.floor(random() * under.points.length) });
    expect(await first.held).toBeDefined();
    await first.kill();
    expect((await first.end).stderr).toBe("");
    // Every third one dies a second time, on its way back.
    if (index % 3 === 0) {
      expect(await violations(place.databaseUrl, under.task.runId)).toEqual([]);
      const again = await goingOn(under, place);
      const second = startWorker({ ...again, ...where, holdAt: 1 + Math.floor(random() * 60) });
      await second.held;
      await second.kill();
    }
    await expectRecovery(under, place);
  });

  test.each(kills(1, 25))("inside a statement that the server goes on with: %i", async (index) => {
    const random = seededRandom(seed + index);
    await using place = await freshPlace(under);
    const tables = ["Member", "Event", "Registration", "WaIdMapping", "AuditLog"] as const;
    await using block = await blockTable(place.databaseUrl, tables[Math.floor(random() * tables.length)]!);
    const worker = startWorker({ ...under.task, databaseUrl: place.databaseUrl, vaultUrl: place.vaultUrl });
    await worker.until(block.hit);
    await worker.kill();
    await block.release();
    await expectRecovery(under, place);
  });

  test.each(kills(1, 25))("while it runs on: %i", async (index) => {
    const random = seededRandom(seed + index);
    await using place = await freshPlace(under);
    const worker = startWorker({ ...under.task, databaseUrl: place.databaseUrl, vaultUrl: place.vaultUrl });
    await worker.progressed(1 + Math.floor(random() * 15));
    await worker.kill();
    await expectRecovery(under, place);
  });
});
