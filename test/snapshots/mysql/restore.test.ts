import { type Engine, RunbackError } from "@runback/core";
import { openMysql } from "@runback/engines";
import { describe, expect, test } from "vitest";
import { skippedEngines } from "../../support/skipped.ts";
import { auditTable } from "../audit-table.ts";
import { mysql } from "../fixtures/mysql.ts";
import { captured } from "../memory-snapshot.ts";
import { openSite } from "../site.ts";

const { shop, wide } = mysql;

async function leftovers(engine: Engine): Promise<string[]> {
  const { rows } = await engine.query<{ name: string }>(
    `SELECT table_name AS name FROM information_schema.tables WHERE table_schema = database() AND table_name REGEXP '^runback_(new|old)_'
     UNION ALL SELECT trigger_name FROM information_schema.triggers WHERE trigger_schema = database() AND trigger_name LIKE 'runback!_freeze%' ESCAPE '!'
     UNION ALL SELECT state FROM runback_restores`,
  );
  return rows.map(({ name }) => name);
}

describe.skipIf(skippedEngines.includes("mysql"))("restore on mysql", () => {
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
    await using site = await openSite("mysql", `${shop}\n${wide}`);
    const { engine } = site;
    const { snapshotId } = await site.create();
    await engine.script(`UPDATE customer SET name = 'ruined'; DROP SEQUENCE numbers; CREATE SEQUENCE numbers START WITH 9; DROP FUNCTION customers;
      SET foreign_key_checks = 0; DROP TABLE orders; SET foreign_key_checks = 1; CREATE VIEW orders AS SELECT 1 AS customer, 'paid' AS state; DROP EVENT nightly`);
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
    expect((await engine.query("SELECT 1 FROM customer WHERE name = 'ruined'")).count).toBe(0);
  });
});
