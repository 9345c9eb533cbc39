import { freezeOff, freezeOn, freezeState, planRollback, runRollback } from "@runback/operations";
import { describe, expect, test } from "vitest";
import { createRunId } from "../../packages/operations/src/random-id.ts";
import { inTurn } from "../support/rotated-engines.ts";
import { auditTable } from "./audit-table.ts";
import { fixtures, openSite, type Site, snapshotEngines } from "./site.ts";

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
  (await engine.query<{ name: string }>("SELECT name FROM customer ORDER BY id")).rows.map((row) => row.name);

const others = snapshotEngines.filter((name) => name !== "postgres");

describe.each(["postgres" as const, ...inTurn(others)])("restore on %s", (name) => {
  const { shop, ruin, everyObject, ruinEverything, useEverything } = fixtures[name];

  test("puts everything back, keeps audit trail and journal, and resets the sync state", async () => {
    await using site = await openSite(name, shop);
    const { engine } = site;
    const before = await journaled(site, "UPDATE customer SET name = 'journaled' WHERE id = 7");
    const taken = await site.create();
    expect(taken.tables.customer).toMatchObject({ rows: 50 });
    const proof = await site.verify(taken.snapshotId);
    expect(proof).toMatchObject({ ok: true, problems: [] });
    const wanted = await names(site);

    await engine.script(ruin.sql);
    const restored = await site.restore(taken.snapshotId);
    expect(restored).toMatchObject({ snapshotId: taken.snapshotId, verified: true, kept: ["AuditLog"] });

    expect(await names(site)).toEqual(wanted);
    const after = await engine.snapshots!.capture(async (moment) => moment.schema);
    expect(after.fingerprint).toBe(taken.fingerprint);
    const sync = engine.dialect.table({ schema: "public", name: "WaSyncState" });
    const [full, inc] = ["lastFullSync", "lastIncSync"].map(engine.dialect.id);
    expect((await engine.query(`SELECT 1 AS one FROM ${sync} WHERE ${full} IS NULL AND ${inc} IS NULL`)).count).toBe(1);
    await engine.script("INSERT INTO orders (customer) VALUES (1)");
    expect((await engine.query("SELECT id FROM orders WHERE id = 51")).count).toBe(1);

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
    await expect(engine.script(`DELETE FROM ${engine.dialect.table(auditTable)}`)).rejects.toThrow("append-only");
    expect((await engine.query("SELECT action FROM trail")).count).toBe(trail.length);

    // The run from before the snapshot can still be taken back, and the restored tables are journaled again.
    const plan = await planRollback(site.context, before, "abort");
    expect(plan.classes).toMatchObject({ reverted: 1 });
    const next = await journaled(site, "UPDATE orders SET customer = 2 WHERE id = 1");
    const undone = await runRollback(site.context, { runId: next, operator: "ada", onConflict: "abort", auditTable });
    expect(undone).toMatchObject({ verified: true, planned: 1 });

    // And the restore itself is taken back by restoring what was there before.
    await site.restore(restored.safetySnapshotId!);
    expect(new Set(await names(site))).toEqual(new Set(["ruined"]));
    for (const table of ruin.made) expect((await engine.query(`SELECT id FROM ${table}`)).count).toBe(0);
  });

  test("every kind of object comes back in place", async () => {
    await using site = await openSite(name, everyObject);
    const { engine } = site;
    const taken = await site.create();
    await engine.script(ruinEverything);
    const freezes = engine.capabilities.writeFreeze;
    if (freezes) await freezeOn(site.context, { operator: "ada", reason: "restoring", auditTable });
    await site.restore(taken.snapshotId);
    if (freezes) {
      expect(await freezeState(site.context)).toMatchObject({ frozen: true, open: [] });
      await expect(engine.script("DELETE FROM app.measure")).rejects.toThrow(/frozen/);
      await freezeOff(site.context, { operator: "ada", auditTable });
    }
    const again = await site.create();
    expect(again.fingerprint).toBe(taken.fingerprint);
    const without = ({ AuditLog: _, ...tables }: typeof taken.tables) => tables;
    expect(without(again.tables)).toEqual(without(taken.tables));
    await engine.script(useEverything);
  });

  test("nobody restores without the approval of a second person over this very snapshot", async () => {
    await using site = await openSite(name, shop);
    const taken = await site.create();
    await expect(site.restore(taken.snapshotId, { approved: false })).rejects.toMatchObject({
      code: "APPROVAL_REQUIRED",
    });
  });
});
