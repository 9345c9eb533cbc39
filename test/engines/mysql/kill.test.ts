import { existsSync, rmSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type Engine, findTable } from "@runback/core";
import { openMysql } from "@runback/engines";
import { wildApricotImport, writeSampleExport } from "@runback/membership";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Job, runJob } from "../../faults/job.ts";
import { deep, seed, seededRandom } from "../../faults/seeded-random.ts";
import { startWorker } from "../../faults/start-worker.ts";
import { engineNames } from "../../support/engines.ts";
import { createMysqlDatabase } from "../../support/mysql-database.ts";

const tables = ["Member", "Event", "Registration", "WaIdMapping"] as const;
const runs = { import: "run-20260115-143000-1a2b3c", rollback: "run-20260115-150000-4d5e6f" };
const everyLeaf = Array.from({ length: 256 }, (_, leaf) => leaf);

describe.each(engineNames.filter((name) => name === "mysql"))(`kill -9 on %s (RUNBACK_SEED=${seed})`, () => {
  let folder: string;
  let importing: Omit<Job, "databaseUrl" | "vaultUrl">;
  /** Places where a process can die, and what is there when none did. */
  let points: number;
  let undisturbed: Record<string, string>;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "runback-mysql-kill-"));
    const source = join(folder, "export");
    await writeSampleExport(source, { seed: 7, members: 120, events: 30, registrations: 400 });
    importing = { action: "import", source, runId: runs.import, stepRows: 90, now: "2026-01-15T14:30:00.000Z" };
    await using place = await freshPlace();
    const ended = await startWorker({ ...importing, ...place.where }).end;
    expect(ended.stderr).toBe("");
    points = ended.points;
    undisturbed = await contents(place.engine);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  let places = 0;
  async function freshPlace() {
    const database = await createMysqlDatabase();
    const vault = join(folder, `vault-${++places}`);
    const engine = openMysql(database.url);
    return {
      engine,
      vault,
      where: { databaseUrl: database.url, vaultUrl: pathToFileURL(vault).href },
      [Symbol.asyncDispose]: async () => {
        await engine.close();
        await database.drop();
      },
    };
  }

  async function contents(engine: Engine): Promise<Record<string, string>> {
    const catalog = await engine.catalog();
    const digests: Record<string, string> = {};
    // Ids of statuses and tiers are another target's own.
    const members = await engine.query<{ sha256: string }>(
      `SELECT sha2(group_concat(concat_ws('|', m.id, m.firstName, m.lastName, m.email, m.phone, m.joinedAt, m.createdAt, s.code, t.code) ORDER BY m.id), 256) AS sha256
       FROM \`Member\` m JOIN \`MembershipStatus\` s ON s.id = m.membershipStatusId LEFT JOIN \`MembershipTier\` t ON t.id = m.membershipTierId`,
    );
    digests.Member = members.rows[0]!.sha256;
    for (const name of tables.filter((each) => each !== "Member"))
      digests[name] = (await engine.transaction((tx) => engine.digests(tx, findTable(catalog, name)!))).sha256;
    return digests;
  }

  /** Everything in these tables came from journaled runs: any row that differs from what the journal last said is a gap. */
  async function expectOneStory(engine: Engine): Promise<void> {
    const catalog = await engine.catalog();
    for (const name of tables) {
      const table = findTable(catalog, name);
      if (!table) return;
      const gaps = await engine.transaction((tx) => engine.journal.differing(tx, table, everyLeaf, 10));
      expect(gaps, name).toEqual([]);
    }
    const audit = await engine.transaction((tx) => engine.audit.verify(tx, wildApricotImport.auditTable, 10), {
      isolation: "snapshot",
    });
    expect(audit.problems).toEqual([]);
  }

  const kills = Array.from({ length: deep ? 100 : 1 }, (_, index) => index);

  test.each(kills)("of an import, between statements and around commits: %i", async (index) => {
    const random = seededRandom(seed + index);
    await using place = await freshPlace();
    const worker = startWorker({ ...importing, ...place.where, holdAt: 1 + Math.floor(random() * points) });
    const held = await worker.held;
    expect(held).toBeDefined();
    await worker.kill();
    const run = await place.engine.store.run(place.engine, runs.import).catch(() => undefined);
    if (run) await expectOneStory(place.engine);
    else if (existsSync(join(place.vault, "runs"))) rmSync(join(place.vault, "runs"), { recursive: true });
    if (run?.state !== "completed") await runJob({ ...importing, ...place.where, action: run ? "resume" : "import" });
    await expectOneStory(place.engine);
    expect(await contents(place.engine), held).toEqual(undisturbed);
    expect((await place.engine.store.run(place.engine, runs.import))?.state).toBe("completed");
  });

  test.each(kills.slice(0, deep ? 100 : 1))("of a rollback: %i", async (index) => {
    const random = seededRandom(seed + 1_000 + index);
    await using place = await freshPlace();
    await runJob({ ...importing, stepRows: 5_000, ...place.where });
    const rollback = {
      ...importing,
      ...place.where,
      action: "rollback",
      runId: runs.rollback,
      reverts: runs.import,
    } as const;
    const worker = startWorker({ ...rollback, holdAt: 1 + Math.floor(random() * 120) });
    await worker.held;
    await worker.kill();
    await expectOneStory(place.engine);
    const before = await place.engine.store.run(place.engine, runs.rollback);
    if (before?.state !== "completed") await runJob(rollback);
    await expectOneStory(place.engine);
    for (const name of tables) {
      const { rows } = await place.engine.query<{ n: string }>(`SELECT count(*) AS n FROM \`${name}\``);
      expect(rows[0]!.n, name).toBe("0");
    }
  });
});
