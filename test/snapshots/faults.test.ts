import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { type Engine, RunbackError, type Vault } from "@runback/core";
import { approve, createSnapshot, listAllSnapshots, verifySnapshot } from "@runback/operations";
import { openVault } from "@runback/vault";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { deep, seed, seededRandom } from "../faults/seeded-random.ts";
import type { FaultRule } from "../s3/faults.ts";
import { type S3Server, startS3Server } from "../s3/server.ts";
import { inTurn } from "../support/rotated-engines.ts";
import { CREDENTIALS, s3Url } from "../vault/stores.ts";
import { auditTable } from "./audit-table.ts";
import { fixtures, openScratch, openSite, type Site, type SnapshotEngine, snapshotEngines } from "./site.ts";
import type { WorkerJob } from "./worker.ts";

/** Large enough for several chunks a table. */
const wide = (name: SnapshotEngine) => `${fixtures[name].shop}\n${fixtures[name].wide}`;

/** Every row and definition that users have, trails aside, in one hash. */
async function stateOf(engine: Engine): Promise<string> {
  return await engine.snapshots!.capture(async (moment) => {
    const hash = createHash("sha256").update(moment.schema.fingerprint);
    for (const table of moment.schema.tables.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      if (table.name === "AuditLog") continue;
      await moment.read(table, async (chunks) => {
        hash.update(table.name);
        for await (const chunk of chunks) hash.update(chunk);
      });
    }
    return hash.digest("hex");
  });
}

/** What other processes can reach: the rest has one process, and nothing is left of it when that is killed. */
const killable = snapshotEngines.filter((name) => fixtures[name].hasProcesses);

/** Starts the worker and kills it where it holds. Returns its points when it came to its end. */
async function killed(job: WorkerJob): Promise<number | null> {
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

describe.each(inTurn(killable))("killed at random points on %s", (name) => {
  const random = seededRandom(seed);
  const kills = deep ? 100 : 2;
  let site: Site;
  beforeAll(async () => {
    site = await openSite(name, wide(name));
  });
  afterAll(() => site[Symbol.asyncDispose]());

  test(`a create shows nothing half-made, and the next one works (seed ${seed})`, async () => {
    const job = { url: site.url!, vaultUrl: site.store.vault.location };
    const points = (await killed({ ...job, holdAt: 0 }))!;
    expect(points).toBeGreaterThan(10);
    for (let kill = 0; kill < kills; kill++) {
      const before = (await listAllSnapshots(site.context)).length;
      const holdAt = 1 + Math.floor(random() * (points - 1));
      expect(await killed({ ...job, holdAt }), `point ${holdAt}`).toBeNull();
      expect((await listAllSnapshots(site.context)).length, `point ${holdAt}`).toBe(before);
    }
    const { snapshotId } = await site.create();
    expect(await site.verify(snapshotId)).toMatchObject({ ok: true });
  });

  test(`a restore leaves the target untouched, and the next one works (seed ${seed})`, async () => {
    const { snapshotId, sha256 } = await site.create();
    const request = { digest: sha256, action: "snapshot:restore", requestedBy: "ada", approvedBy: "bob" };
    const approval = (await approve(site.context, request, auditTable)).id;
    const job = { url: site.url!, vaultUrl: site.store.vault.location, restore: { snapshotId, approval } };
    const points = (await killed({ ...job, holdAt: 0 }))!;
    for (let kill = 0; kill < kills; kill++) {
      await site.engine.script(`UPDATE customer SET name = 'ruined ${kill}'`);
      const ruined = await stateOf(site.engine);
      const holdAt = 1 + Math.floor(random() * (points - 1));
      expect(await killed({ ...job, holdAt }), `point ${holdAt}`).toBeNull();
      expect(await stateOf(site.engine), `point ${holdAt}`).toBe(ruined);
    }
    await site.restore(snapshotId, { context: { isDead: () => true } });
    expect((await site.engine.query("SELECT id FROM customer WHERE name LIKE 'ruined%'")).count).toBe(0);
  });
});

async function* one(chunk: Uint8Array) {
  yield chunk;
}

/** A vault that fails at one key after some bytes, as a full disk or a lost network does. */
function failing(vault: Vault, verb: "put" | "get", key: RegExp, code: string): Vault {
  const error = () => new RunbackError(code, "it failed", { recovery: "none" });
  async function* cut(chunks: AsyncIterable<Uint8Array>) {
    for await (const chunk of chunks) {
      yield chunk.subarray(0, 10);
      throw error();
    }
    throw error();
  }
  return {
    location: vault.location,
    put: (at, body, options) =>
      verb === "put" && key.test(at)
        ? vault.put(at, cut(body instanceof Uint8Array ? one(body) : body), options)
        : vault.put(at, body, options),
    get: (at, options) => (verb === "get" && key.test(at) ? cut(vault.get(at, options)) : vault.get(at, options)),
    head: (at) => vault.head(at),
    list: (prefix) => vault.list(prefix),
    delete: (at) => vault.delete(at),
    close: () => vault.close(),
  };
}

// A pooler adds nothing to what a vault does.
describe.each(inTurn(snapshotEngines.filter((name) => name !== "pgbouncer")))("a vault that fails under %s", (name) => {
  let site: Site;
  let snapshotId: string;
  beforeAll(async () => {
    site = await openSite(name, wide(name));
    ({ snapshotId } = await site.create());
    await site.engine.script("UPDATE customer SET name = 'ruined'");
  });
  afterAll(() => site[Symbol.asyncDispose]());

  test.each(["schema.json", "wide", "manifest.json", "SHA256SUMS"])("full at %s: no snapshot is shown", async (at) => {
    const vault = failing(site.store.vault, "put", new RegExp(at.replace(".", "\\.")), "VAULT_FULL");
    const before = await listAllSnapshots(site.context);
    const taken = createSnapshot({ ...site.context, vault }, { operator: "ada", auditTable });
    await expect(taken).rejects.toMatchObject({ code: "VAULT_FULL" });
    expect(await listAllSnapshots(site.context)).toEqual(before);
    // The session that was reading is of use again.
    expect((await site.engine.query("SELECT id FROM customer")).count).toBe(50);
  });

  test.each([
    ["the safety snapshot cannot be stored", "put", /SHA256SUMS/, "VAULT_FULL"],
    ["the rows stop half way", "get", /wide/, "VAULT_UNREACHABLE"],
  ] as const)("a restore changes nothing when %s", async (_, verb, key, code) => {
    const before = await stateOf(site.engine);
    const restoring = site.restore(snapshotId, { context: { vault: failing(site.store.vault, verb, key, code) } });
    await expect(restoring).rejects.toMatchObject({ code });
    expect(await stateOf(site.engine)).toBe(before);
    expect((await site.audit()).at(-1)).toMatchObject({ action: "migration:failed", metadata: { error: code } });
  });
});

/** One engine a family: what the vault does to a stream is the same for all that share a format. */
const apart = [...Map.groupBy(snapshotEngines, (name) => fixtures[name].family).values()].map(([first]) => first!);

function flipped(bytes: Buffer, at: number): Buffer {
  bytes.writeUInt8(bytes.readUInt8(at) ^ 0xff, at);
  return bytes;
}

describe.each(inTurn(apart))("damage in the vault under %s", (name) => {
  let site: Site;
  let snapshotId: string;
  let folder: string;
  beforeAll(async () => {
    site = await openSite(name, wide(name));
    ({ snapshotId } = await site.create());
    folder = join(fileURLToPath(site.store.vault.location), "snapshots", snapshotId);
  });
  afterAll(() => site[Symbol.asyncDispose]());

  const damage: readonly [string, string, (bytes: Buffer) => Buffer][] = [
    ["a flipped byte in rows", "wide", (bytes) => flipped(bytes, 1000)],
    ["rows cut short", "wide", (bytes) => bytes.subarray(0, bytes.length - 100)],
    ["rows with more behind them", "wide", (bytes) => Buffer.concat([bytes, Buffer.from("more")])],
    ["a flipped byte in the schema", "schema.json", (bytes) => flipped(bytes, 100)],
    [
      "a changed manifest",
      "manifest.json",
      (bytes) => Buffer.from(bytes.toString().replace('"rows": 50', '"rows": 51')),
    ],
  ];
  test.each(damage)("%s is found by verify, and refused by restore", async (_, part, spoil) => {
    const file = [folder, join(folder, "data")]
      .flatMap((dir) => readdirSync(dir).map((name) => join(dir, name)))
      .find((path) => path.includes(part))!;
    const whole = readFileSync(file);
    const before = await stateOf(site.engine);
    try {
      writeFileSync(file, spoil(Buffer.from(whole)));
      expect(await site.verify(snapshotId)).toMatchObject({ ok: false, restored: null });
      const restoring = site.restore(snapshotId);
      await expect(restoring).rejects.toMatchObject({ code: "SNAPSHOT_DAMAGED", exit: 1 });
      expect(await stateOf(site.engine)).toBe(before);
    } finally {
      writeFileSync(file, whole);
    }
    expect(await site.verify(snapshotId)).toMatchObject({ ok: true });
  });

  test("an object that no hash covers is found", async () => {
    await site.store.vault.put(`snapshots/${snapshotId}/data/9999-planted.zst`, Buffer.from("x"));
    expect(await site.verify(snapshotId)).toMatchObject({
      ok: false,
      problems: [expect.stringContaining("no hash covers it")],
    });
    await site.store.vault.delete(`snapshots/${snapshotId}/data/9999-planted.zst`);
  });
});

describe.each(inTurn(apart))("S3 that misbehaves under %s", (name) => {
  let server: S3Server;
  let vault: Vault;
  let site: Site;
  beforeAll(async () => {
    server = await startS3Server({ buckets: [{ name: "vault", objectLock: true }], credentials: CREDENTIALS });
    vault = await openVault(s3Url(server, "vault", "p"), {
      credentials: CREDENTIALS,
      patience: { timeoutMs: 5_000, attempts: 4, backoffMs: 1 },
    });
    const opened = await openSite(name, wide(name));
    site = { ...opened, context: { ...opened.context, vault } };
  });
  afterAll(async () => {
    await vault.close();
    await server.close();
    await site[Symbol.asyncDispose]();
  });

  test("500, 503 and resets are tried again; a truncated body or a flipped byte never passes", async () => {
    for (const fault of [
      { kind: "status", status: 500, code: "InternalError" },
      { kind: "status", status: 503, code: "SlowDown" },
      { kind: "reset" },
    ] as const)
      server.faults.add({ operation: "PutObject", times: 1, fault });
    const { snapshotId } = await createSnapshot(site.context, { operator: "ada", auditTable });
    const verify = () =>
      verifySnapshot(site.context, {
        ...{ snapshotId, operator: "ada", auditTable },
        openScratch: () => openScratch(site.engine, site.fixture),
      });
    server.faults.add({ operation: "GetObject", key: /wide/, fault: { kind: "truncate", bytes: 50 } });
    expect(await verify()).toMatchObject({ ok: true });
    server.faults.add({ operation: "GetObject", key: /wide/, fault: { kind: "flip", at: 60 } });
    expect(await verify()).toMatchObject({ ok: false });
    expect(await verify()).toMatchObject({ ok: true });
    server.faults.clear();
    server.faults.add({
      operation: "PutObject",
      times: 1_000,
      fault: { kind: "status", status: 503, code: "SlowDown" },
    });
    await expect(createSnapshot(site.context, { operator: "ada", auditTable })).rejects.toMatchObject({
      code: "VAULT_UNREACHABLE",
    });
    server.faults.clear();
    expect((await listAllSnapshots(site.context)).map((each) => each.snapshotId)).toEqual([snapshotId]);
  });

  test("a restore reads through what passes, and changes nothing for what does not", async () => {
    const { snapshotId } = await createSnapshot(site.context, { operator: "ada", auditTable });
    await site.engine.script("UPDATE customer SET name = 'ruined'");
    const ruined = await stateOf(site.engine);
    const restore = () => site.restore(snapshotId, { context: { vault } });
    // For good, of the rows, of the schema and of the safety snapshot.
    const lasting: readonly (readonly [FaultRule, string])[] = [
      [{ operation: "GetObject", key: /wide/, fault: { kind: "flip", at: 60 } }, "VAULT_CORRUPT"],
      [{ operation: "GetObject", key: /wide/, fault: { kind: "shorten", bytes: 50 } }, "VAULT_CORRUPT"],
      [
        { operation: "GetObject", key: /wide/, fault: { kind: "status", status: 503, code: "SlowDown" } },
        "VAULT_UNREACHABLE",
      ],
      [{ operation: "GetObject", key: /schema\.json/, fault: { kind: "flip", at: 60 } }, "VAULT_CORRUPT"],
      [{ operation: "PutObject", fault: { kind: "status", status: 500, code: "InternalError" } }, "VAULT_UNREACHABLE"],
    ];
    for (const [rule, code] of lasting) {
      server.faults.add({ ...rule, times: 1_000 });
      await expect(restore(), JSON.stringify(rule)).rejects.toMatchObject({ code });
      server.faults.clear();
      expect(await stateOf(site.engine)).toBe(ruined);
    }
    // For once: tried again, from where it broke off.
    for (const fault of [
      { kind: "status", status: 500, code: "InternalError" },
      { kind: "status", status: 503, code: "SlowDown" },
      { kind: "truncate", bytes: 50 },
    ] as const)
      server.faults.add({ operation: "GetObject", key: /wide/, times: 1, fault });
    server.faults.add({
      operation: "PutObject",
      times: 1,
      fault: { kind: "status", status: 503, code: "SlowDown" },
    });
    expect(await restore()).toMatchObject({ verified: true });
    expect((await site.engine.query("SELECT id FROM customer WHERE name = 'ruined'")).count).toBe(0);
  });
});
