// The disk under the database fills up for real: a small tmpfs, which root mounts. RUNBACK_TEST_SKIP=disk-full leaves it out.
import { execFileSync } from "node:child_process";
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type Engine, silentLogger } from "@runback/core";
import { openPostgres, openSqlite } from "@runback/engines";
import { wildApricotImport, writeSampleExport } from "@runback/membership";
import { approve, type Context, createSnapshot, restoreSnapshot, showSnapshot } from "@runback/operations";
import { openVault } from "@runback/vault";
import postgres from "postgres";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { skippedEngines } from "../support/skipped.ts";
import { runJob } from "./job.ts";

const megabyte = 1 << 20;
const folder = mkdtempSync(join(tmpdir(), "runback-full-"));
const disk = join(folder, "disk");
const filling = join(disk, "filling");
const room = () => {
  const { bavail, bsize } = statfsSync(disk);
  return bavail * bsize;
};
/** Leaves so many bytes free. */
const fill = (free: number) => {
  try {
    writeFileSync(filling, Buffer.alloc(Math.max(room() - free, 0), 1));
  } catch (error) {
    // A server writes meanwhile: then there is less room than was asked for.
    if ((error as { code?: unknown }).code !== "ENOSPC") throw error;
  }
};

interface Place {
  readonly url: string;
  readonly open: () => Engine;
  readonly drop: () => Promise<void>;
}

/** A database all of whose tables are in the folder. */
const places: Readonly<Record<string, (folder: string, name: string) => Promise<Place>>> = {
  // Its transaction log stays on the server's own disk: a server that cannot write that stops.
  postgres: async (folder, name) => {
    const admin = postgres(inject("postgresUrl"), { max: 1, onnotice: () => {} });
    const [{ pid }] = await admin<[{ pid: number }]>`SELECT pg_backend_pid() AS pid`;
    const [, uid, gid] = /Uid:\s+(\d+)[\s\S]*Gid:\s+(\d+)/.exec(
      execFileSync("cat", [`/proc/${pid}/status`], { encoding: "utf8" }),
    )!;
    const space = join(folder, name);
    mkdirSync(space);
    chownSync(space, Number(uid), Number(gid));
    await admin.unsafe(`CREATE TABLESPACE ${name} LOCATION '${space}'`);
    await admin.unsafe(`CREATE DATABASE ${name} TEMPLATE template0 TABLESPACE ${name}`);
    const url = new URL(inject("postgresUrl"));
    url.pathname = `/${name}`;
    return {
      url: url.href,
      open: () => openPostgres(url.href, { max: 3 }),
      drop: async () => {
        await admin.unsafe(`DROP DATABASE ${name} WITH (FORCE)`);
        await admin.unsafe(`DROP TABLESPACE ${name}`);
        await admin.end();
      },
    };
  },
  sqlite: async (folder, name) => {
    const url = `sqlite://${join(folder, name)}.db`;
    return { url, open: () => openSqlite(url), drop: async () => {} };
  },
};

/** A restore in place that finds no room leaves the target as it was; with room, it is done. */
async function restoredInPlace(engine: Engine, vaultUrl: string): Promise<void> {
  const context: Context = {
    engine,
    vault: await openVault(vaultUrl),
    clock: { now: () => new Date() },
    logger: silentLogger,
    holder: `tests:${process.pid}`,
    isDead: () => false,
  };
  const { auditTable, syncState } = wildApricotImport;
  const by = { operator: "ada", auditTable };
  const { snapshotId } = await createSnapshot(context, by);
  const ruined = async () =>
    Number(
      (await engine.query<{ n: string }>(`SELECT count(*) AS n FROM "Member" WHERE "firstName" = 'ruined'`)).rows[0]!.n,
    );
  await engine.query(`UPDATE "Member" SET "firstName" = 'ruined'`);
  const restore = async () => {
    const { sha256: digest } = await showSnapshot(context, snapshotId);
    const asked = { digest, action: "snapshot:restore", requestedBy: "ada", approvedBy: "bob" };
    const { id: approval } = await approve(context, asked, auditTable);
    return await restoreSnapshot(context, { ...by, snapshotId, approval, migrations: [], syncStates: [syncState!] });
  };
  fill(2 * megabyte);
  await expect(restore()).rejects.toMatchObject({ code: "TARGET_FULL" });
  expect(await ruined()).toBe(1_500);
  rmSync(filling);
  expect(await restore()).toMatchObject({ verified: true });
  expect(await ruined()).toBe(0);
  await context.vault.close();
}

describe.skipIf(skippedEngines.includes("disk-full"))("a full disk under the database", () => {
  let mounted = false;
  beforeAll(async () => {
    mkdirSync(disk);
    try {
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=96m", "tmpfs", disk], { stdio: "pipe" });
      mounted = true;
    } catch (cause) {
      throw new Error("mounting a small tmpfs needs root; RUNBACK_TEST_SKIP=disk-full leaves this suite out", {
        cause,
      });
    }
    chmodSync(folder, 0o755);
    await writeSampleExport(join(folder, "export"), { seed: 11, members: 1_500, events: 300, registrations: 6_000 });
  });
  afterAll(() => {
    if (mounted) execFileSync("umount", [disk]);
    rmSync(folder, { recursive: true, force: true });
  });

  test.each(Object.keys(places))("an import on %s stops with nothing half-written, and goes on", async (name) => {
    const place = await places[name]!(disk, `full_${inject("postgresPrefix")}${name}`);
    try {
      const job = {
        databaseUrl: place.url,
        vaultUrl: pathToFileURL(join(folder, `vault-${name}`)).href,
        source: join(folder, "export"),
        runId: "run-20260115-143000-f0f0f0",
        stepRows: 500,
        now: "2026-01-15T14:30:00.000Z",
      };
      const engine = place.open();
      try {
        await engine.init();
        let told = 0;
        fill(4 * megabyte);
        // Room for a little more each time: it stops in staging, in classifying, between steps.
        for (let free = 5; ; free += 1) {
          const run = await engine.store.run(engine, job.runId);
          if (run?.state === "completed") break;
          const error = await runJob({ ...job, action: run ? "resume" : "import" }).then(
            () => undefined,
            (thrown: unknown) => thrown,
          );
          if (error !== undefined) {
            expect(error).toMatchObject({ code: "TARGET_FULL", recovery: expect.any(String) });
            told += 1;
          }
          expect(free).toBeLessThan(90);
          rmSync(filling);
          fill(free * megabyte);
        }
        expect(told).toBeGreaterThan(1);
        const count = async (table: string) =>
          Number((await engine.query<{ n: string }>(`SELECT count(*) AS n FROM "${table}"`)).rows[0]!.n);
        expect([await count("Member"), await count("Event"), await count("Registration")]).toEqual([1_500, 300, 6_000]);
        rmSync(filling);
        await restoredInPlace(engine, job.vaultUrl);
        // One journal row for each row there is: none of the steps that were refused left any.
        expect(await engine.journal.rows(engine, job.runId)).toBe(2 * (1_500 + 300 + 6_000) + 1);
      } finally {
        await engine.close();
      }
    } finally {
      rmSync(filling, { force: true });
      await place.drop();
    }
  });
});
