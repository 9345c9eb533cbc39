import type { Engine } from "@runback/core";
import { freezeOff, freezeOn, freezeState, planRollback, runRollback } from "@runback/operations";
import { describe, expect, it } from "vitest";
import { createRunId } from "../../packages/operations/src/random-id.ts";
import { engineNames } from "../support/engines.ts";
import { rotatedEngines } from "../support/rotated-engines.ts";
import { auditTable, type TestContext, testContext } from "./support.ts";

const tables = `CREATE TABLE public.item (id integer PRIMARY KEY, name text);
INSERT INTO public.item VALUES (1, 'one'), (2, 'two');
CREATE TABLE public.part (id integer, item integer REFERENCES public.item ON DELETE CASCADE, PRIMARY KEY (id, item)) PARTITION BY LIST (item);
CREATE TABLE public.part_1 PARTITION OF public.part FOR VALUES IN (1);
INSERT INTO public.part VALUES (1, 1)`;

const about = { operator: "ada", auditTable };

async function frozenTarget(name: (typeof engineNames)[number]): Promise<TestContext & { engine: Engine }> {
  const opened = await testContext(name);
  await opened.context.engine.script(tables);
  return { ...opened, engine: opened.context.engine };
}

async function journaled({ context, engine }: TestContext & { engine: Engine }, sql: string): Promise<string> {
  const runId = createRunId(context);
  await engine.transaction(async (tx) => {
    await engine.store.createRun(tx, {
      ...{ runId, kind: "exec", mode: "live", migration: `exec:${runId}`, operator: "ada" },
      startedAt: context.clock.now().toISOString(),
    });
    await engine.journal.enroll(
      tx,
      (await engine.catalog(tx)).tables.filter((table) => table.name === "item"),
    );
    await engine.journal.begin(tx, runId);
    await tx.script(sql);
    await engine.store.updateRun(tx, runId, { state: "completed" });
  });
  return runId;
}

const writes = [
  "INSERT INTO public.item VALUES (3, 'three')",
  "UPDATE public.item SET name = 'changed' WHERE id = 1",
  "DELETE FROM public.item WHERE false",
  "TRUNCATE public.part",
  "INSERT INTO public.part_1 VALUES (2, 1)",
  "WITH gone AS (DELETE FROM public.part RETURNING id) SELECT id FROM gone",
];

const postgresEngines = rotatedEngines.filter((name) => name !== "sqlite" && name !== "mysql");

describe.each(postgresEngines)("a write freeze on %s", (name) => {
  it("refuses every write of others, lets rollbacks through, and is on record", async () => {
    await using site = await frozenTarget(name);
    const { context, engine } = site;
    const run = await journaled(site, "UPDATE public.item SET name = 'wrong'");
    const on = await freezeOn(context, { ...about, reason: "incident 12" });
    expect(on).toMatchObject({ frozen: true, reason: "incident 12", operator: "ada", open: [] });
    expect(on.tables).toEqual(["item", "part", "part_1"]);
    for (const write of writes) await expect(engine.script(write), write).rejects.toThrow(/frozen/);
    // Whatever a session sets, short of dropping the trigger.
    await expect(
      engine.transaction(async (tx) => {
        await tx.query("SELECT set_config('runback.run_id', $1, true)", [run]);
        await tx.script(writes[0]!);
      }),
    ).rejects.toThrow(/frozen/);
    expect((await engine.query("SELECT FROM public.item")).count).toBe(2);

    // A rollback is what the freeze makes room for.
    expect((await planRollback(context, run, "abort")).classes).toMatchObject({ reverted: 2 });
    const undone = await runRollback(context, { runId: run, onConflict: "abort", ...about });
    expect(undone).toMatchObject({ verified: true });
    expect((await engine.query("SELECT FROM public.item WHERE name = 'one'")).count).toBe(1);

    // A table made since is open, is told, and is covered by freezing again.
    await engine.script("CREATE TABLE public.later (id integer PRIMARY KEY)");
    expect(await freezeState(context)).toMatchObject({ open: ["later"] });
    await expect(freezeOn(context, { ...about, reason: "another" })).rejects.toMatchObject({ code: "FREEZE_ON" });
    expect(await freezeOn(context, { operator: "bob", auditTable, reason: "incident 12" })).toMatchObject({
      ...{ operator: "ada", since: on.since, open: [] },
      tables: ["item", "later", "part", "part_1"],
    });

    const off = await freezeOff(context, { operator: "bob", auditTable });
    expect(off).toMatchObject({ frozen: false, reason: null, tables: [] });
    await freezeOff(context, { operator: "bob", auditTable });
    await engine.script(writes[1]!);
    const { rows } = await engine.query<{ action: string; metadata: object }>(
      `SELECT action, metadata FROM runback.audit WHERE action LIKE 'migration:freeze:%' ORDER BY "createdAt", id`,
    );
    expect(rows.map(({ action }) => action).sort()).toEqual([
      "migration:freeze:off",
      "migration:freeze:on",
      "migration:freeze:on",
    ]);
    expect(rows.find(({ action }) => action === "migration:freeze:off")?.metadata).toMatchObject({
      ...{ operator: "bob", reason: "incident 12", frozen_by: "ada" },
    });
  });
});

const pooledToo = (["postgres", "pgbouncer"] as const).filter((name) => engineNames.includes(name));

describe.each(pooledToo)("with several sessions on %s", (name) => {
  it("waits for whoever is writing, and nobody writes once it is on", async () => {
    await using site = await frozenTarget(name);
    const { context, engine } = site;
    const wrote = Promise.withResolvers<void>();
    const finish = Promise.withResolvers<void>();
    const writer = engine.transaction(async (tx) => {
      await tx.script("INSERT INTO public.item VALUES (9, 'under way')");
      wrote.resolve();
      await finish.promise;
    });
    await wrote.promise;
    let on = false;
    const freezing = freezeOn(context, { ...about, reason: "counting" }).then((state) => {
      on = true;
      return state;
    });
    // It is waiting for the writer's table when its lock request is there.
    for (;;) {
      const { count } = await engine.query("SELECT FROM pg_locks WHERE NOT granted AND mode = 'ShareRowExclusiveLock'");
      if (count > 0) break;
    }
    expect(on).toBe(false);
    finish.resolve();
    await writer;
    expect(await freezing).toMatchObject({ frozen: true });
    expect((await engine.query("SELECT FROM public.item")).count).toBe(3);
    await expect(engine.script("DELETE FROM public.item")).rejects.toMatchObject({ code: "TARGET_FROZEN" });
    // The replica role leaves other triggers out, not this one.
    await expect(
      engine.transaction(async (tx) => {
        await tx.query("SELECT set_config('session_replication_role', 'replica', true)");
        await tx.script("DELETE FROM public.item");
      }),
    ).rejects.toMatchObject({ code: "TARGET_FROZEN" });
  });
});

it("refuses an engine that has none, and is on none", async () => {
  await using site = await testContext("sqlite");
  await expect(freezeOn(site.context, { ...about, reason: "x" })).rejects.toMatchObject({ code: "FREEZE_UNSUPPORTED" });
  expect(await freezeState(site.context)).toMatchObject({ frozen: false });
});
