import { RunbackError, type Vault } from "@runback/core";
import { retentionSweep } from "@runback/operations";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { familyOf } from "../support/family.ts";
import { half, rotatedEngines, seed } from "../support/rotated-engines.ts";
import { spell } from "../support/spell.ts";
import { lockedS3, type TestContext, testContext } from "./support.ts";

const day = 24 * 60 * 60 * 1000;
const objects = [
  "audit/runback.audit/000000000001.json",
  "bundles/run-a/SHA256SUMS",
  "bundles/run-a/migration-report.json",
  "dry-runs/run-b/SHA256SUMS",
  "dry-runs/run-b/migration-report.json",
  "dry-runs/run-b/row-digests/Member.json",
  "dry-runs/run-c/migration-report.json",
  "other/file",
  "runs/run-a/started.json",
  "snapshots/snap-1/data.bin",
  "snapshots/snap-1/manifest.json",
];

async function keys(vault: Vault): Promise<string[]> {
  const found: string[] = [];
  for await (const { key } of vault.list("")) found.push(key);
  return found;
}

const engine = "pglite";

describe.each([
  ["a folder", undefined],
  ["S3", lockedS3],
])("retention in %s", (_name, store) => {
  let test_: TestContext;
  beforeEach(async () => {
    test_ = await testContext(engine, store);
    for (const key of objects) await test_.context.vault.put(key, Buffer.from(key));
  });
  afterEach(async () => {
    await test_[Symbol.asyncDispose]();
  });
  const sweep = (dryRun = false) => retentionSweep(test_.context, { dryRun });

  test("nothing goes before its time", async () => {
    test_.clock.advance(7 * day - 60_000);
    expect(await sweep()).toMatchObject({ errors: [], failed: false, stageTables: [], idempotencyKeys: 0 });
    expect(await keys(test_.context.vault)).toEqual(objects);
  });

  test("dry runs go after 7 days, markers and snapshots after 30, evidence never", async () => {
    test_.clock.advance(7 * day + 60_000);
    const first = await sweep();
    expect(first.vault).toMatchObject([
      { prefix: "dry-runs/", days: 7, ids: ["run-b", "run-c"], objects: 4, locked: [] },
      { prefix: "runs/", days: 30, ids: [], objects: 0, bytes: 0 },
      { prefix: "snapshots/", days: 30, ids: [], objects: 0 },
    ]);
    test_.clock.advance(23 * day);
    const second = await sweep();
    expect(second.vault.map(({ ids }) => ids)).toEqual([[], ["run-a"], ["snap-1"]]);
    test_.clock.advance(4_000 * day);
    await sweep();
    expect(await keys(test_.context.vault)).toEqual(objects.filter((key) => /^(audit|bundles|other)\//.test(key)));
  });

  test("clean monitor runs of cutovers go after 90 days; what was wrong, and gates, stay", async () => {
    const { engine, clock } = test_.context;
    const add = (kind: string, outcome: string) =>
      engine.query(
        `INSERT INTO runback.cutover_evidence (cutover, kind, phase, outcome, at, data) VALUES ('c', $1, 1, $2, $3, '{}')`,
        [kind, outcome, clock.now().toISOString()],
      );
    for (const [kind, outcome] of [
      ["monitor", "clean"],
      ["monitor", "failed"],
      ["gate", "open"],
    ] as const)
      await add(kind, outcome);
    test_.clock.advance(90 * day + 60_000);
    await add("monitor", "clean");
    expect(await sweep(true)).toMatchObject({ monitorRuns: 1 });
    expect(await sweep()).toMatchObject({ monitorRuns: 1, failed: false });
    expect(await sweep()).toMatchObject({ monitorRuns: 0 });
    const { rows } = await engine.query("SELECT kind, outcome FROM runback.cutover_evidence ORDER BY seq");
    expect(rows).toEqual([
      { kind: "monitor", outcome: "failed" },
      { kind: "gate", outcome: "open" },
      { kind: "monitor", outcome: "clean" },
    ]);
  });

  test("a dry run of the sweep tells the same and deletes nothing", async () => {
    test_.clock.advance(31 * day);
    const said = await sweep(true);
    expect(await keys(test_.context.vault)).toEqual(objects);
    expect({ ...(await sweep()), dryRun: true }).toEqual(said);
    expect(said.vault.map((each) => each.objects)).toEqual([4, 1, 2]);
  });

  test("what one object of a run or snapshot still needs keeps all of it", async () => {
    test_.clock.advance(31 * day);
    const late = bound(test_.context.vault);
    late.list = async function* (prefix) {
      for await (const info of test_.context.vault.list(prefix)) {
        yield info.key.endsWith("manifest.json") ? { ...info, modifiedAt: test_.clock.now() } : info;
      }
    };
    const result = await retentionSweep({ ...test_.context, vault: late }, { dryRun: false });
    expect(result.vault[2]).toMatchObject({ ids: [], objects: 0 });
    expect(await keys(test_.context.vault)).toContain("snapshots/snap-1/data.bin");
  });

  test("a longer lock is respected, and is no failure", async () => {
    await test_.context.vault.put("snapshots/snap-2/data.bin", Buffer.from("x"), {
      retainUntil: new Date(test_.clock.now().getTime() + 90 * day),
    });
    test_.clock.advance(31 * day);
    const result = await sweep();
    expect(result).toMatchObject({ failed: false });
    expect(result.vault[2]).toMatchObject({ ids: ["snap-1"], locked: ["snapshots/snap-2/data.bin"] });
  });

  test("one object that cannot be deleted is reported, and the rest goes", async () => {
    test_.clock.advance(31 * day);
    const stubborn = bound(test_.context.vault);
    stubborn.delete = async (key) => {
      if (key === "dry-runs/run-b/SHA256SUMS") {
        throw new RunbackError("VAULT_DENIED", "denied", { recovery: "none" });
      }
      await test_.context.vault.delete(key);
    };
    const result = await retentionSweep({ ...test_.context, vault: stubborn }, { dryRun: false });
    expect(result).toMatchObject({
      failed: true,
      errors: [{ what: "dry-runs/run-b/SHA256SUMS", code: "VAULT_DENIED" }],
    });
    expect(result.vault[0]).toMatchObject({ ids: ["run-c"], objects: 3 });
    expect(result.vault[2]).toMatchObject({ ids: ["snap-1"] });
  });

  test("a vault that cannot be listed fails the sweep, which still cleans the target", async () => {
    await test_.context.engine.query(
      "INSERT INTO runback.idempotency (key, request_sha256, created_at) VALUES ('old', '', now() - interval '8 days')",
    );
    const silent = bound(test_.context.vault);
    silent.list = () => {
      throw new RunbackError("VAULT_UNREACHABLE", "silent", { recovery: "none" });
    };
    const result = await retentionSweep({ ...test_.context, vault: silent }, { dryRun: false });
    expect(result.errors.map(({ code }) => code)).toEqual(Array(3).fill("VAULT_UNREACHABLE"));
    expect(result).toMatchObject({ failed: true, idempotencyKeys: 1 });
  });
});

/** The same vault with members that can be replaced. */
function bound(vault: Vault): { -readonly [K in keyof Vault]: Vault[K] } {
  return {
    location: vault.location,
    put: (...args) => vault.put(...args),
    get: (...args) => vault.get(...args),
    head: (key) => vault.head(key),
    list: (prefix) => vault.list(prefix),
    delete: (key) => vault.delete(key),
    close: () => vault.close(),
  };
}

describe.each(half(rotatedEngines))(`retention on %s (seed ${seed})`, (name) => {
  // KEY is a reserved word in one family, and its servers have a code of their own for a table that is not there.
  const [keyColumn, missingTable] = familyOf(name) === "mysql" ? ["request_key", "42S02"] : ["key", "42P01"];
  let test_: TestContext;
  beforeEach(async () => {
    test_ = await testContext(name);
  });
  afterEach(async () => {
    await test_[Symbol.asyncDispose]();
  });

  async function staged(runId: string, state: string, ageDays: number): Promise<string> {
    const { engine, clock } = test_.context;
    await engine.transaction(async (tx) => {
      await engine.store.createRun(tx, {
        runId,
        kind: "import",
        mode: "live",
        migration: `m-${runId}`,
        operator: "ada",
        startedAt: new Date(clock.now().getTime() - ageDays * day).toISOString(),
      });
      await tx.query(spell(name, "UPDATE runback.runs SET state = $1 WHERE run_id = $2"), [state, runId]);
    });
    return await stage(runId);
  }
  async function stage(runId: string): Promise<string> {
    const table = `stage_${runId.slice(4).replaceAll("-", "_")}_members_raw`;
    await test_.context.engine.script(spell(name, `CREATE UNLOGGED TABLE runback.${table} (line bigint)`));
    return `runback.${table}`;
  }
  const there = async () =>
    (await test_.context.engine.housekeeping.stageTables(test_.context.engine)).map((table) => `runback.${table.name}`);

  test("staging goes when its run is over or a week old, and not before", async () => {
    const gone = [
      await staged("run-20260101-000000-00000a", "completed", 0),
      await staged("run-20260101-000000-00000b", "aborted", 0),
      await staged("run-20260101-000000-00000c", "paused", 8),
      await staged("run-20260101-000000-00000d", "failed", 8),
      await staged("run-20260101-000000-00000e", "running", 8),
      await stage("run-20260101-000000-0000ff"),
    ];
    const today = test_.clock.now().toISOString().replace(/[-:]/g, "").replace("T", "-").slice(0, 15);
    const kept = [
      await staged("run-20260101-000000-00001a", "paused", 6),
      await staged("run-20260101-000000-00001b", "running", 6),
      await stage(`run-${today}-0000fe`),
    ];
    const held = await staged("run-20260101-000000-00001c", "running", 20);
    await test_.context.engine.transaction((tx) =>
      test_.context.engine.store.acquireLease(tx, {
        name: "migration:m-run-20260101-000000-00001c",
        runId: "run-20260101-000000-00001c",
        holder: "x",
        ttlMs: 60_000,
      }),
    );
    await test_.context.engine.script(spell(name, "CREATE TABLE runback.stage_of_somebody (v int)"));
    const all = await there();
    const said = await retentionSweep(test_.context, { dryRun: true });
    expect(await there()).toEqual(all);
    const result = await retentionSweep(test_.context, { dryRun: false });
    expect(result).toMatchObject({ errors: [], stageTables: gone });
    expect(said.stageTables).toEqual(gone);
    expect(await there()).toEqual([...kept, held, "runback.stage_of_somebody"].toSorted());
  });

  test("idempotency keys go after a week", async () => {
    await test_.context.engine.query(
      spell(
        name,
        `INSERT INTO runback.idempotency (${keyColumn}, request_sha256, created_at)
       SELECT 'k' || n, '', now() - n * interval '1 day' FROM generate_series(1, 20) n`,
      ),
    );
    expect(await retentionSweep(test_.context, { dryRun: true })).toMatchObject({ idempotencyKeys: 14 });
    expect(await retentionSweep(test_.context, { dryRun: false })).toMatchObject({ idempotencyKeys: 14 });
    expect(await retentionSweep(test_.context, { dryRun: false })).toMatchObject({ idempotencyKeys: 0 });
    const left = await test_.context.engine.query(spell(name, "SELECT request_sha256 FROM runback.idempotency"));
    expect(left.count).toBe(6);
  });

  test("a target without Runback's tables is reported, the vault is swept", async () => {
    await test_.context.vault.put("dry-runs/run-x/report.json", Buffer.from("x"));
    test_.clock.advance(8 * day);
    await test_.context.engine.script(spell(name, "DROP TABLE runback.idempotency"));
    const result = await retentionSweep(test_.context, { dryRun: false });
    expect(result).toMatchObject({ failed: true, errors: [{ what: "idempotency keys", code: missingTable }] });
    expect(result.vault[0]).toMatchObject({ ids: ["run-x"] });
  });
});
