import { planRollback, runRollback } from "@runback/operations";
import { describe, expect, test } from "vitest";
import { createRunId } from "../../packages/operations/src/random-id.ts";
import { auditTable } from "./audit-table.ts";
import { shop } from "./shop.ts";
import { everyObject, openSite, type Site, snapshotEngines } from "./site.ts";

/** A run over a table, as any operation makes one. */
async function journaled({ context, engine }: Site, sql: string): Promise<string> {
  const runId = createRunId(context);
  const tables = (await engine.catalog()).tables.filter(
    (table) => table.name === "customer" || table.name === "orders",
  );
  await engine.transaction(async (tx) => {
    await engine.store.createRun(tx, {
      ...{ runId, kind: "exec", mode: "live", migration: `exec:${runId}`, operator: "ada" },
      startedAt: context.clock.now().toISOString(),
    });
    await engine.journal.enroll(tx, tables);
    await engine.journal.begin(tx, runId);
    await tx.script(sql);
    await engine.store.updateRun(tx, runId, { state: "completed" });
  });
  return runId;
}

const names = async ({ engine }: Site) =>
  (await engine.query<{ name: string }>("SELECT name FROM public.customer ORDER BY id")).rows.map((row) => row.name);

describe.each(snapshotEngines)("restore on %s", (name) => {
  test("puts everything back, keeps audit trail and journal, and resets the sync state", async () => {
    await using site = await openSite(name, shop);
    const { engine } = site;
    const before = await journaled(site, "UPDATE public.customer SET name = 'journaled' WHERE id = 7");
    const taken = await site.create();
    expect(taken.tables.customer).toMatchObject({ rows: 50 });
    const proof = await site.verify(taken.snapshotId);
    expect(proof).toMatchObject({ ok: true, problems: [] });
    const wanted = await names(site);

    await engine.script(`UPDATE public.customer SET name = 'ruined'; DELETE FROM public.orders WHERE id > 10;
      ALTER TABLE public.customer ADD COLUMN extra text; CREATE TABLE public.later (id integer);
      CREATE SCHEMA more; CREATE TABLE more.thing (id integer PRIMARY KEY);
      ALTER TABLE public.orders DROP COLUMN state; DROP TYPE public.state`);
    const restored = await site.restore(taken.snapshotId);
    expect(restored).toMatchObject({ snapshotId: taken.snapshotId, verified: true, kept: ["AuditLog"] });

    expect(await names(site)).toEqual(wanted);
    const after = await engine.snapshots!.capture(async (moment) => moment.schema);
    expect(after.fingerprint).toBe(taken.fingerprint);
    expect(
      (await engine.query(`SELECT FROM public."WaSyncState" WHERE "lastFullSync" IS NULL AND "lastIncSync" IS NULL`))
        .count,
    ).toBe(1);
    await engine.script("INSERT INTO public.orders (customer) VALUES (1)");
    expect((await engine.query("SELECT FROM public.orders WHERE id = 51")).count).toBe(1);

    const trail = await site.audit();
    expect(trail.map((entry) => entry.action)).toEqual(
      expect.arrayContaining([
        "migration:snapshot:created",
        "migration:snapshot:verified",
        "migration:rollback:level2",
      ]),
    );
    expect(trail.find((entry) => entry.action === "migration:rollback:level2")?.metadata).toMatchObject({
      restored_from: taken.snapshotId,
      safety_snapshot: restored.safetySnapshotId,
      operator: "ada",
      backup_file: expect.stringContaining(taken.snapshotId),
      restore_time: expect.any(String),
    });
    const chain = await engine.transaction((tx) => engine.audit.verify(tx, auditTable, 10), {
      isolation: "snapshot",
      readOnly: true,
    });
    expect(chain).toMatchObject({ problemCount: 0, entries: trail.length });
    await expect(engine.script(`DELETE FROM public."AuditLog"`)).rejects.toThrow("append-only");
    expect((await engine.query("SELECT action FROM public.trail")).count).toBe(trail.length);

    // The run from before the snapshot can still be taken back, and the restored tables are journaled again.
    const plan = await planRollback(site.context, before, "abort");
    expect(plan.classes).toMatchObject({ reverted: 1 });
    const next = await journaled(site, "UPDATE public.orders SET customer = 2 WHERE id = 1");
    const undone = await runRollback(site.context, { runId: next, operator: "ada", onConflict: "abort", auditTable });
    expect(undone).toMatchObject({ verified: true, planned: 1 });

    // And the restore itself is taken back by restoring what was there before.
    await site.restore(restored.safetySnapshotId!);
    expect(new Set(await names(site))).toEqual(new Set(["ruined"]));
    expect((await engine.query("SELECT FROM public.later")).count).toBe(0);
    expect((await engine.query("SELECT FROM more.thing")).count).toBe(0);
  });

  test("every kind of object comes back in place", async () => {
    await using site = await openSite(name, everyObject);
    const { engine } = site;
    const taken = await site.create();
    await engine.script(`DROP SCHEMA app CASCADE`);
    await site.restore(taken.snapshotId);
    const again = await site.create();
    expect(again.fingerprint).toBe(taken.fingerprint);
    const without = ({ AuditLog: _, ...tables }: typeof taken.tables) => tables;
    expect(without(again.tables)).toEqual(without(taken.tables));
    await engine.script("INSERT INTO app.measure VALUES ('2026-05-05', 3, 1)");
  });

  test("nobody restores without the approval of a second person over this very snapshot", async () => {
    await using site = await openSite(name, shop);
    const taken = await site.create();
    await expect(site.restore(taken.snapshotId, { approved: false })).rejects.toMatchObject({
      code: "APPROVAL_REQUIRED",
    });
  });
});
