import { type Engine, RunbackError } from "@runback/core";
import { openMysql } from "@runback/engines";
import { planRollback, runRollback } from "@runback/operations";
import { describe, expect, test } from "vitest";
import { createRunId } from "../../../packages/operations/src/random-id.ts";
import { skippedEngines } from "../../support/skipped.ts";
import { auditTable } from "../audit-table.ts";
import { captured } from "../captured.ts";
import { openSite, type Site } from "../site.ts";
import { everyObject, shop } from "./schemas.ts";

/** A run over a table, as any operation makes one. */
async function journaled({ context, engine }: Site, sql: string): Promise<string> {
  const runId = createRunId(context);
  const tables = (await engine.catalog()).tables.filter(({ name }) => name === "orders");
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

const names = async (engine: Engine) =>
  (await engine.query<{ name: string }>("SELECT name FROM customer ORDER BY id")).rows.map((row) => row.name);

async function leftovers(engine: Engine): Promise<string[]> {
  const { rows } = await engine.query<{ name: string }>(
    `SELECT table_name AS name FROM information_schema.tables WHERE table_schema = database() AND table_name REGEXP '^runback_(new|old)_'
     UNION ALL SELECT trigger_name FROM information_schema.triggers WHERE trigger_schema = database() AND trigger_name LIKE 'runback!_freeze%' ESCAPE '!'
     UNION ALL SELECT state FROM runback_restores`,
  );
  return rows.map(({ name }) => name);
}

describe.skipIf(skippedEngines.includes("mysql"))("restore on mysql", () => {
  test("puts everything back, keeps audit trail and journal, and resets the sync state", async () => {
    await using site = await openSite("mysql", shop);
    const { engine } = site;
    const before = await journaled(site, "UPDATE orders SET state = 'paid' WHERE id = 7");
    const taken = await site.create();
    const wanted = await names(engine);
    await engine.script(`UPDATE customer SET name = 'ruined'; DELETE FROM orders WHERE id > 10; DROP TRIGGER count_changes;
      ALTER TABLE customer ADD COLUMN extra text; CREATE TABLE later (id int) ENGINE = InnoDB; CREATE VIEW more AS SELECT id FROM later;
      DROP FUNCTION customers; DROP VIEW paying; CREATE TABLE paying (id int) ENGINE = InnoDB; ALTER TABLE orders DROP FOREIGN KEY of_customer;
      CREATE PROCEDURE wrong() SELECT 1; CREATE TRIGGER worse BEFORE DELETE ON orders FOR EACH ROW SET @x = 1`);
    const restored = await site.restore(taken.snapshotId);
    expect(restored).toMatchObject({ snapshotId: taken.snapshotId, verified: true, kept: ["AuditLog"] });
    expect(await names(engine)).toEqual(wanted);
    expect(await leftovers(engine)).toEqual([]);
    const after = await captured(engine);
    expect(after.schema.fingerprint).toBe(taken.fingerprint);
    const state = await engine.query("SELECT 1 FROM WaSyncState WHERE lastFullSync IS NULL AND lastIncSync IS NULL");
    expect(state.count).toBe(1);
    await engine.script("INSERT INTO orders (customer) VALUES (1); UPDATE customer SET name = 'again' WHERE id = 1");
    expect((await engine.query("SELECT 1 FROM orders WHERE id > 50")).count).toBe(1);
    expect((await engine.query("SELECT 1 FROM customer WHERE changes = 1")).count).toBe(1);
    await expect(engine.script("INSERT INTO orders (customer) VALUES (999)")).rejects.toMatchObject({ code: "23503" });

    const trail = await site.audit();
    expect(trail.find((entry) => entry.action === "migration:rollback:level2")?.metadata).toMatchObject({
      restored_from: taken.snapshotId,
      safety_snapshot: restored.safetySnapshotId,
      operator: "ada",
    });
    const chain = await engine.transaction((tx) => engine.audit.verify(tx, auditTable, 10), {
      isolation: "snapshot",
      readOnly: true,
    });
    expect(chain).toMatchObject({ problemCount: 0, entries: trail.length });
    await expect(engine.script("DELETE FROM AuditLog")).rejects.toThrow("append-only");
    expect((await engine.query("SELECT action FROM trail")).count).toBe(trail.length);

    // The run from before the snapshot can still be taken back, and the restored tables are journaled again.
    const plan = await planRollback(site.context, before, "abort");
    expect(plan.classes).toMatchObject({ reverted: 1 });
    const next = await journaled(site, "UPDATE orders SET customer = 2 WHERE id = 1");
    const undone = await runRollback(site.context, { runId: next, operator: "ada", onConflict: "abort", auditTable });
    expect(undone).toMatchObject({ verified: true, planned: 1 });

    // And the restore itself is taken back by restoring what was there before.
    await site.restore(restored.safetySnapshotId!);
    expect(new Set(await names(engine))).toEqual(new Set(["ruined"]));
    expect((await engine.query("SELECT * FROM more")).count).toBe(0);
  });

  test("every kind of object comes back in place", async () => {
    await using site = await openSite("mysql", everyObject);
    const { engine } = site;
    const taken = await site.create();
    await engine.script(`SET foreign_key_checks = 0; DROP TABLE person, employee, no_key; DROP SEQUENCE tickets; DROP VIEW b_people; DROP FUNCTION ansi;
      DROP EVENT nightly; ALTER TABLE part_07 DROP COLUMN label; SET foreign_key_checks = 1`);
    await site.restore(taken.snapshotId).catch((error: Error) => {
      throw error.cause ?? error;
    });
    const again = await site.create();
    expect(again.fingerprint).toBe(taken.fingerprint);
    const without = ({ AuditLog: _, ...tables }: typeof taken.tables) => tables;
    expect(without(again.tables)).toEqual(without(taken.tables));
    const { rows } = await engine.query(
      "SELECT status FROM information_schema.events WHERE event_schema = database() AND event_name = 'nightly'",
    );
    expect(rows).toEqual([{ status: "ENABLED" }]);
    expect(await leftovers(engine)).toEqual([]);
  });

  test("readers see the state before or the state after; writers are refused in between", async () => {
    await using site = await openSite("mysql", shop);
    const { snapshotId } = await site.create();
    await site.engine.script("UPDATE customer SET name = 'ruined'; DELETE FROM orders WHERE id > 10");
    const other = openMysql(site.url!);
    const seen = new Set<string>();
    let [reading, refused] = [true, 0];
    const read = async () => {
      while (reading) {
        const { rows } = await other.query<{ a: string; b: string }>(
          "SELECT (SELECT count(*) FROM customer WHERE name = 'ruined') AS a, (SELECT count(*) FROM orders) AS b",
        );
        seen.add(`${rows[0]!.a}/${rows[0]!.b}`);
        await other
          .transaction(
            async (tx) => {
              const one = await tx.query<{ n: string }>("SELECT count(*) AS n FROM customer WHERE name = 'ruined'");
              const two = await tx.query<{ n: string }>("SELECT count(*) AS n FROM orders");
              seen.add(`${one.rows[0]!.n}/${two.rows[0]!.n}`);
            },
            { isolation: "snapshot", readOnly: true },
          )
          // What an older view of the data cannot show is refused, never shown empty.
          .catch((error: { errno?: number; code?: string }) => {
            if (error.errno !== 1412 && error.code !== "LOCK_TIMEOUT") throw error;
          });
      }
    };
    const write = async () => {
      while (reading) {
        await other.query("UPDATE orders SET state = 'paid' WHERE id = 1").catch((error: Error) => {
          if (!/being restored|Table definition has changed/.test(error.message)) throw error;
          refused += 1;
        });
      }
    };
    const others = [read(), read(), write()];
    await site.restore(snapshotId);
    reading = false;
    await Promise.all(others);
    await other.close();
    expect([...seen].filter((each) => each !== "50/10" && each !== "0/50")).toEqual([]);
    expect(seen).toContain("50/10");
    expect(refused).toBeGreaterThan(0);
  });

  test("a failure after the switch takes everything back", async () => {
    await using site = await openSite("mysql", everyObject);
    const { engine } = site;
    const { snapshotId } = await site.create();
    await engine.script(
      "SET foreign_key_checks = 0; UPDATE person SET note = 'ruined'; DROP TABLE hashed; DROP SEQUENCE untouched; CREATE VIEW hashed AS SELECT 1 AS id; DROP FUNCTION ansi; SET foreign_key_checks = 1",
    );
    const wanted = await captured(engine);
    const snapshot = await captured(engine);
    const failing = engine.snapshots!.replace(snapshot, [auditTable], {
      frozen: async () => {},
      loaded: async () => {},
      switched: async () => {
        throw new RunbackError("CUT", "cut", { recovery: "none" });
      },
    });
    await expect(failing).rejects.toMatchObject({ code: "CUT" });
    const now = await captured(engine);
    expect(now.schema.fingerprint).toBe(wanted.schema.fingerprint);
    for (const [table, bytes] of wanted.bytes)
      expect([table, now.bytes.get(table)?.equals(bytes)]).toEqual([table, true]);
    expect(await leftovers(engine)).toEqual([]);
    await site.restore(snapshotId);
    expect((await engine.query("SELECT 1 FROM person WHERE note = 'ruined'")).count).toBe(0);
  });
});
