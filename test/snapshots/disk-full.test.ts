// A vault on a disk that fills up for real: a small tmpfs, which root mounts. RUNBACK_TEST_SKIP=disk-full leaves it out.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Vault } from "@runback/core";
import { approve, createSnapshot, listAllSnapshots, restoreSnapshot, showSnapshot } from "@runback/operations";
import { openVault } from "@runback/vault";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { skippedEngines } from "../support/skipped.ts";
import { auditTable } from "./audit-table.ts";
import { shop } from "./shop.ts";
import { openSite, type Site } from "./site.ts";

// 1.2 MB that do not compress.
const incompressible = `${shop}
CREATE TABLE public.noise (id integer PRIMARY KEY, text text);
INSERT INTO public.noise SELECT i, (SELECT string_agg(md5(concat(i, '/', g, '/', random())), '') FROM generate_series(1, 75) g) FROM generate_series(1, 1000) i;`;

describe.skipIf(skippedEngines.includes("disk-full"))("a disk that is full", () => {
  const folder = mkdtempSync(join(tmpdir(), "runback-full-"));
  let mounted = false;
  let vault: Vault;
  let site: Site;
  beforeAll(async () => {
    try {
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=4m", "tmpfs", folder], { stdio: "pipe" });
      mounted = true;
    } catch (cause) {
      throw new Error("mounting a small tmpfs needs root; RUNBACK_TEST_SKIP=disk-full leaves this suite out", {
        cause,
      });
    }
    vault = await openVault(pathToFileURL(join(folder, "vault")).href);
    const opened = await openSite("postgres", incompressible);
    site = { ...opened, context: { ...opened.context, vault } };
  });
  afterAll(async () => {
    await vault?.close();
    await site?.[Symbol.asyncDispose]();
    if (mounted) execFileSync("umount", [folder]);
    rmSync(folder, { recursive: true, force: true });
  });

  const take = () => createSnapshot(site.context, { operator: "ada", auditTable, retainDays: 0 });
  const filling = join(folder, "filling");
  /** Leaves so many bytes free. */
  const fill = (free: number) => {
    const { bavail, bsize } = statfsSync(folder);
    writeFileSync(filling, Buffer.alloc(Math.max(bavail * bsize - free, 0), 1));
  };

  test.each([0, 100_000, 700_000])("with %d bytes left no snapshot is shown, and the next one works", async (free) => {
    const before = await listAllSnapshots(site.context);
    fill(free);
    try {
      await expect(take()).rejects.toMatchObject({ code: "VAULT_FULL", recovery: expect.any(String) });
    } finally {
      rmSync(filling);
    }
    expect(await listAllSnapshots(site.context)).toEqual(before);
    const { snapshotId } = await take();
    expect((await listAllSnapshots(site.context)).map((each) => each.snapshotId)).toContain(snapshotId);
    // Room for the next try.
    for (const name of readdirSync(join(folder, "vault", "snapshots")))
      rmSync(join(folder, "vault", "snapshots", name), { recursive: true });
  });

  test("a restore whose safety snapshot finds no room changes nothing, and the next one works", async () => {
    const { snapshotId } = await take();
    const { engine } = site;
    await engine.script("UPDATE public.customer SET name = 'ruined'");
    const restore = async () => {
      const digest = (await showSnapshot(site.context, snapshotId)).sha256;
      const request = { digest, action: "snapshot:restore", requestedBy: "ada", approvedBy: "bob" };
      const { id } = await approve(site.context, request, auditTable);
      return await restoreSnapshot(site.context, {
        ...{ snapshotId, operator: "ada", approval: id, auditTable, migrations: [], syncStates: [], retainDays: 0 },
      });
    };
    fill(300_000);
    try {
      await expect(restore()).rejects.toMatchObject({ code: "VAULT_FULL" });
    } finally {
      rmSync(filling);
    }
    expect((await engine.query("SELECT FROM public.customer WHERE name = 'ruined'")).count).toBe(50);
    expect((await listAllSnapshots(site.context)).map((each) => each.snapshotId)).toEqual([snapshotId]);
    expect(await restore()).toMatchObject({ verified: true, remains: [] });
    expect((await engine.query("SELECT FROM public.customer WHERE name = 'ruined'")).count).toBe(0);
  });
});
