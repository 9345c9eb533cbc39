import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { inTurn } from "../support/rotated-engines.ts";
import { type FaultyNetwork, startFaultyNetwork } from "./faulty-network.ts";
import { expectRecovery } from "./interrupted.ts";
import { deep, seed, seededRandom } from "./seeded-random.ts";
import { startWorker, type WorkerEnd } from "./start-worker.ts";
import { freshPlace, type Place, type Subject, script, subject } from "./targets.ts";

const cuts = (few: number, many: number) => Array.from({ length: deep ? many : few }, (_, index) => index);

/** It said what happened, in words an operator can use, or it overcame it; it never crashed. */
function expectToldOrDone(end: WorkerEnd): void {
  expect(end).toMatchObject({ stderr: "", signal: null });
  if (end.result === undefined) expect(end.error?.code).toBe("TARGET_UNREACHABLE");
}

describe.each(inTurn(["import", "rollback"] as const))(`connection cut during %s (RUNBACK_SEED=${seed})`, (kind) => {
  let under: Subject;
  /** What an undisturbed run sends. */
  let whole: FaultyNetwork["sent"];
  const through = (place: Place, network: FaultyNetwork) =>
    startWorker({ ...under.task, databaseUrl: network.url, vaultUrl: place.vaultUrl });

  beforeAll(async () => {
    under = await subject(kind);
    await using place = await freshPlace(under);
    await using network = await startFaultyNetwork(place.databaseUrl);
    expect(await through(place, network).end).toMatchObject({ signal: null, stderr: "" });
    whole = { ...network.sent };
  });
  afterAll(() => under.close());

  test.each(cuts(1, 60))("reset at any byte: %i", async (index) => {
    const random = seededRandom(seed + index);
    await using place = await freshPlace(under);
    await using network = await startFaultyNetwork(place.databaseUrl);
    const happened = network.cut({
      at: { bytes: Math.floor(random() * whole.bytes * 0.95) },
      how: "reset",
      all: index % 2 === 0,
    });
    const worker = through(place, network);
    await worker.until(happened);
    expectToldOrDone(await worker.end);
    await expectRecovery(under, place);
  });

  test.each(cuts(2, 60))("COMMIT whose outcome is unknown: %i", async (index) => {
    const random = seededRandom(seed + index);
    await using place = await freshPlace(under);
    await using network = await startFaultyNetwork(place.databaseUrl);
    // Every second time the last COMMIT: the one that says the run is complete.
    const commit = index % 2 === 0 ? whole.commits : 1 + Math.floor(random() * whole.commits);
    const happened = network.cut({
      at: { commit },
      how: index % 3 === 0 ? "reset" : "answer lost",
      all: index % 4 > 1,
    });
    const worker = through(place, network);
    await worker.until(happened);
    expectToldOrDone(await worker.end);
    await expectRecovery(under, place);
  });

  test.each(cuts(1, 30))("session ended by the server between two statements: %i", async (index) => {
    const random = seededRandom(seed + index);
    await using place = await freshPlace(under);
    const where = { databaseUrl: place.databaseUrl, vaultUrl: place.vaultUrl };
    const inside = under.points.flatMap((point, at) =>
      /^before (SELECT|insert|update|INSERT|UPDATE)/.test(point) ? [at + 1] : [],
    );
    const worker = startWorker({ ...under.task, ...where, holdAt: inside[Math.floor(random() * inside.length)]! });
    expect(await worker.held).toBeDefined();
    await script(
      place.databaseUrl,
      "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()",
    );
    worker.go();
    expectToldOrDone(await worker.end);
    await expectRecovery(under, place);
  });

  test.each(cuts(1, 10))("a network that swallows everything: told within the bound: %i", async (index) => {
    const random = seededRandom(seed + index);
    await using place = await freshPlace(under);
    await using network = await startFaultyNetwork(place.databaseUrl);
    const happened = network.cut({
      at: { bytes: Math.floor((0.3 + 0.6 * random()) * whole.bytes) },
      how: "silence",
      all: true,
    });
    const worker = startWorker({ ...under.task, databaseUrl: network.url, vaultUrl: place.vaultUrl, silenceMs: 2_000 });
    await worker.until(happened);
    const began = performance.now();
    const end = await worker.end;
    expect(end).toMatchObject({ stderr: "", signal: null, error: { code: "TARGET_UNREACHABLE" } });
    expect(performance.now() - began).toBeLessThan(20_000);
    network.heal();
    await expectRecovery(under, place);
  });
});
