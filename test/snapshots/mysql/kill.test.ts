import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { type Engine, type Run, sha256 } from "@runback/core";
import { approve, listAllSnapshots } from "@runback/operations";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { deep, seed, seededRandom } from "../../faults/seeded-random.ts";
import { skippedEngines } from "../../support/skipped.ts";
import { auditTable } from "../audit-table.ts";
import { mysql } from "../fixtures/mysql.ts";
import { captured } from "../memory-snapshot.ts";
import { openSite, type Site } from "../site.ts";
import type { MysqlWorkerJob } from "./worker.ts";

const site = `${mysql.shop}\n${mysql.wide}`;

const damage = (
  kill: number,
) => `UPDATE customer SET name = 'ruined ${kill}'; DROP TRIGGER count_changes; DROP FUNCTION customers; DROP VIEW paying;
CREATE VIEW paying AS SELECT ${kill} AS name; CREATE TABLE IF NOT EXISTS later (id int PRIMARY KEY) ENGINE = InnoDB; ALTER TABLE orders DROP FOREIGN KEY of_customer;
CREATE TRIGGER worse BEFORE INSERT ON orders FOR EACH ROW SET @kill = ${kill}`;

/** Everything users have, by table; without trails, and the sync state that a restore resets. */
async function stateOf(engine: Engine): Promise<string[]> {
  const { schema, bytes } = await captured(engine);
  const rows = [...bytes].filter(([name]) => !/AuditLog|WaSyncState/.test(name));
  return [schema.fingerprint, ...rows.map(([name, data]) => `${name} ${sha256(data)}`).sort()];
}

/** Starts the worker and kills it where it holds. Returns its points when it came to its end. */
async function killed(job: MysqlWorkerJob): Promise<number | null> {
  const child = spawn(process.execPath, [fileURLToPath(new URL("./worker.ts", import.meta.url)), JSON.stringify(job)], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const ended = once(child, "close");
  let points: number | null = null;
  for await (const line of createInterface({ input: child.stdout })) {
    if (line === "held") child.kill("SIGKILL");
    else points = Number(line);
  }
  const [code] = (await ended) as [number | null];
  if (code !== null && code !== 0) throw new Error(stderr);
  return points;
}

/** Until the server has noticed that the killed process is gone, its locks keep others from putting things in order. */
async function inOrder(engine: Engine): Promise<void> {
  for (const until = Date.now() + 30_000; Date.now() < until; ) {
    await engine.init();
    const { rows } = await engine.query<{ n: string }>(
      `SELECT (SELECT count(*) FROM runback_restores) + (SELECT count(*) FROM information_schema.tables WHERE table_schema = database()
         AND table_name REGEXP '^runback_(new|old)_') + (SELECT count(*) FROM information_schema.triggers WHERE trigger_schema = database()
         AND LEFT(trigger_name, 15) = 'runback_freeze_') AS n`,
    );
    if (rows[0]!.n === "0") return;
  }
  throw new Error("the target was not put in order");
}

async function newestRun(engine: Engine): Promise<Run> {
  return (await engine.transaction((tx) => engine.store.runs(tx, { limit: 1 }))).runs[0]!;
}

describe.skipIf(skippedEngines.includes("mysql"))("killed before a statement, on mysql", () => {
  const random = seededRandom(seed);
  let target: Site;
  beforeAll(async () => {
    target = await openSite("mysql", site);
  });
  afterAll(() => target[Symbol.asyncDispose]());

  test(`a create shows nothing half-made, and the next one works (seed ${seed})`, { timeout: 600_000 }, async () => {
    const job = { url: target.url!, vaultUrl: target.store.vault.location };
    const points = (await killed({ ...job, holdAt: 0 }))!;
    for (let kill = 0; kill < (deep ? 30 : 1); kill++) {
      const before = (await listAllSnapshots(target.context)).length;
      const holdAt = 1 + Math.floor(random() * (points - 1));
      expect(await killed({ ...job, holdAt }), `point ${holdAt}`).toBeNull();
      const listed = await listAllSnapshots(target.context);
      expect(listed.map(({ problem }) => problem).filter(Boolean), `point ${holdAt}`).toEqual([]);
      // Complete, and killed before it was put on record.
      if (listed.length > before) expect(await target.verify(listed[0]!.snapshotId)).toMatchObject({ ok: true });
    }
    const { snapshotId } = await target.create();
    expect(await target.verify(snapshotId)).toMatchObject({ ok: true });
  });

  test(`a restore leaves the target untouched or wholly restored (seed ${seed})`, { timeout: 1_800_000 }, async () => {
    const { snapshotId, sha256 } = await target.create();
    const wanted = await stateOf(target.engine);
    const request = { digest: sha256, action: "snapshot:restore", requestedBy: "ada", approvedBy: "bob" };
    const approval = (await approve(target.context, request, auditTable)).id;
    const job = { url: target.url!, vaultUrl: target.store.vault.location, restore: { snapshotId, approval } };
    const points = (await killed({ ...job, holdAt: 0 }))!;
    expect(points).toBeGreaterThan(100);
    const outcomes = { untouched: 0, restored: 0 };
    const kills = deep ? 100 : 3;
    for (let kill = 0; kill < kills; kill++) {
      await target.engine.script(damage(kill));
      const ruined = await stateOf(target.engine);
      // Two of three in the second half, where the switch is.
      const holdAt = 1 + Math.floor((kill % 3 === 0 ? random() / 2 : 0.5 + random() / 2) * (points - 1));
      const known = await newestRun(target.engine);
      expect(await killed({ ...job, holdAt }), `point ${holdAt}`).toBeNull();
      // Whatever is left to be put in order: no reader sees a mixture.
      const { rows } = await target.engine.query<{ names: string; orders: string }>(
        "SELECT (SELECT count(*) FROM customer WHERE name LIKE 'ruined%') AS names, (SELECT count(*) FROM wide) AS orders",
      );
      expect(["0", "50"], `point ${holdAt}`).toContain(rows[0]!.names);
      await inOrder(target.engine);
      const now = await stateOf(target.engine);
      const restored = JSON.stringify(now) === JSON.stringify(wanted);
      outcomes[restored ? "restored" : "untouched"] += 1;
      if (!restored) expect(now, `point ${holdAt} of ${points}`).toEqual(ruined);
      // What the record says of the run is what happened to the rows.
      const newest = await newestRun(target.engine);
      expect([holdAt, newest.runId !== known.runId && newest.state === "completed"]).toEqual([holdAt, restored]);
      await target.engine.script("UPDATE wide SET n = n WHERE id = 1");
      if (!restored) await target.restore(snapshotId, { context: { isDead: () => true } });
      expect(await stateOf(target.engine), `point ${holdAt}, restored again`).toEqual(wanted);
    }
    expect(outcomes.untouched + outcomes.restored).toBe(kills);
  });
});
