import type { Connection, Engine } from "@runback/core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { engineNames, freshTarget, type TestTarget } from "../support/engines.ts";
import { spell } from "../support/spell.ts";

const sqliteLog = `CREATE TABLE "AuditLog" (id text PRIMARY KEY DEFAULT (hex(randomblob(16))), action text, n real, metadata text, "createdAt" text);
  WITH RECURSIVE series(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM series WHERE n < 50)
  INSERT INTO "AuditLog" (action, n, metadata, "createdAt") SELECT 'old ' || n, 0.1 + n, '{}', datetime('2026-01-01', '-' || n || ' days') FROM series`;

const audit = { schema: "runback", name: "audit" };

describe.each(engineNames)("audit protection on %s", (name) => {
  let target: TestTarget;
  let engine: Engine;
  beforeAll(async () => {
    target = await freshTarget(name);
    engine = target.engine;
    await engine.transaction((tx) => engine.protectAudit(tx, audit));
  });
  afterAll(async () => {
    await target[Symbol.asyncDispose]();
  });

  const sqlite = name === "sqlite";
  const sql = (text: string) => spell(name, text);
  const append = (action: string) => engine.query(sql("INSERT INTO runback.audit (action) VALUES ($1)"), [action]);
  const problems = async () =>
    (await engine.transaction((tx) => engine.audit.verify(tx, audit, 100), { isolation: "snapshot" })).problems.map(
      ({ kind }) => kind,
    );
  async function withoutTriggers(tx: Connection, work: () => Promise<void>): Promise<void> {
    if (sqlite) {
      const triggers = await tx.query<{ name: string; sql: string }>(
        "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' AND tbl_name LIKE 'runback_audit%'",
      );
      for (const trigger of triggers.rows) await tx.script(`DROP TRIGGER ${trigger.name}`);
      await work();
      for (const trigger of triggers.rows) await tx.script(trigger.sql);
      return;
    }
    const tables = ["runback.audit", "runback.audit_chain"];
    for (const table of tables) await tx.script(`ALTER TABLE ${table} DISABLE TRIGGER USER`);
    await work();
    for (const table of tables) await tx.script(`ALTER TABLE ${table} ENABLE TRIGGER USER`);
  }
  /** What somebody with every right could do, undone afterwards: chains are append-only for tests too. */
  async function tampered(work: (tx: Connection) => Promise<void>): Promise<string[]> {
    const undone = new Error("undone");
    let found: string[] = [];
    const outcome = engine.transaction(
      async (tx) => {
        await withoutTriggers(tx, () => work({ ...tx, script: (text) => tx.script(sql(text)) }));
        found = (await engine.audit.verify(tx, audit, 100)).problems.map(({ kind }) => kind);
        throw undone;
      },
      { isolation: "snapshot" },
    );
    await expect(outcome).rejects.toBe(undone);
    return found;
  }

  test.each(["runback.audit", "runback.audit_chain"])(
    "changes of %s are refused, in a replica session too",
    async (table) => {
      await append("kept");
      for (const change of [
        `UPDATE ${table} SET id = id`,
        `DELETE FROM ${table}`,
        sqlite ? `REPLACE INTO ${table} SELECT * FROM ${table}` : `TRUNCATE ${table}`,
      ]) {
        const statement = sql(change.replace("SET id = id", table.endsWith("chain") ? "SET seq = seq" : "SET id = id"));
        await expect(engine.query(statement)).rejects.toMatchObject({ code: "RB002" });
        if (sqlite) continue;
        const replica = engine.transaction(async (tx) => {
          await tx.script("SET LOCAL session_replication_role = replica");
          await tx.query(statement);
        });
        await expect(replica).rejects.toMatchObject({ code: "RB002" });
      }
      expect(await problems()).toEqual([]);
    },
  );

  test("twenty concurrent appenders make one chain", async () => {
    const before = await engine.query<{ n: number }>(sql("SELECT max(seq)::int AS n FROM runback.audit_chain"));
    await Promise.all(Array.from({ length: 20 }, (_, n) => append(`concurrent-${n}`)));
    const chain = await engine.query<{ seq: number; linked: boolean }>(
      sql(
        "SELECT seq::int, previous = lag(sha256) OVER (ORDER BY seq) AS linked FROM runback.audit_chain ORDER BY seq",
      ),
    );
    expect(chain.rows.length - before.rows[0]!.n).toBe(20);
    expect(chain.rows.map(({ seq }) => seq)).toEqual(chain.rows.map((_, at) => at + 1));
    expect(chain.rows.slice(1).every(({ linked }) => linked)).toBe(true);
    expect(await problems()).toEqual([]);
  });

  test.skipIf(sqlite)("the hash of an entry does not depend on the session that wrote it", async () => {
    await engine.transaction(async (tx) => {
      await tx.script(
        "SET LOCAL TimeZone = 'Asia/Kathmandu'; SET LOCAL DateStyle = 'SQL, DMY'; SET LOCAL extra_float_digits = -5; SET LOCAL bytea_output = 'escape'",
      );
      await tx.query(
        `INSERT INTO runback.audit (action, "createdAt") VALUES ('elsewhere', '2026-03-29 01:59:59.999999+05:45')`,
      );
    });
    expect(await problems()).toEqual([]);
  });

  test("a changed, deleted or inserted entry is found although its triggers were off", async () => {
    await append("watched");
    expect(
      await tampered((tx) => tx.script("UPDATE runback.audit SET metadata = '{\"x\":1}' WHERE action = 'watched'")),
    ).toContain("changed");
    expect(await tampered((tx) => tx.script("DELETE FROM runback.audit WHERE action = 'watched'"))).toContain(
      "deleted",
    );
    expect(await tampered((tx) => tx.script("INSERT INTO runback.audit (action) VALUES ('forged')"))).toContain(
      "unchained",
    );
    expect(await tampered((tx) => tx.script("DELETE FROM runback.audit_chain WHERE seq = 2"))).toContain("broken-link");
    expect(
      await tampered((tx) => tx.script("UPDATE runback.audit_chain SET row_sha256 = repeat('0', 64) WHERE seq = 2")),
    ).toContain("broken-link");
    expect(
      await tampered((tx) =>
        tx.script("DELETE FROM runback.audit_chain WHERE seq = (SELECT max(seq) FROM runback.audit_chain)"),
      ),
    ).toContain("truncated");
    expect(await problems()).toEqual([]);
  });

  test("rows from before are chained in order of time, whatever session protects the table", async () => {
    const table = { schema: "public", name: "AuditLog" };
    await engine.script(
      sqlite
        ? sqliteLog
        : `CREATE TABLE "AuditLog" (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), action text, n float8, metadata jsonb, "createdAt" timestamptz);
      INSERT INTO "AuditLog" (action, n, metadata, "createdAt")
      SELECT 'old ' || n, 0.1 + n, '{}', '2026-01-01'::timestamptz - n * interval '1 day' FROM generate_series(1, 50) n`,
    );
    await engine.transaction(async (tx) => {
      if (!sqlite) await tx.script("SET LOCAL TimeZone = 'America/St_Johns'; SET LOCAL extra_float_digits = -15");
      await engine.protectAudit(tx, table);
      await engine.protectAudit(tx, table);
    });
    await engine.query(
      `INSERT INTO "AuditLog" (action, "createdAt") VALUES ('new', ${sqlite ? "datetime('now')" : "now()"})`,
    );
    const order = await engine.query<{ action: string }>(
      sql(
        `SELECT a.action FROM runback.audit_chain c JOIN "AuditLog" a ON a.id::text = c.entry WHERE relation = 'public.AuditLog' ORDER BY seq`,
      ),
    );
    expect(order.rows.map((row) => row.action)).toEqual([
      ...Array.from({ length: 50 }, (_, n) => `old ${50 - n}`),
      "new",
    ]);
    const verified = await engine.transaction((tx) => engine.audit.verify(tx, table, 10), { isolation: "snapshot" });
    expect(verified.problems).toEqual([]);
  });
});
