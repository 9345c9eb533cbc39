import type { Connection, Engine } from "@runback/core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { engineNames, freshTarget, type TestTarget } from "../support/engines.ts";
import { spell } from "../support/spell.ts";
import { auditFixture } from "./fixtures/audit-fixture.ts";

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

  const fixture = auditFixture(name);
  const sql = (text: string) => spell(name, text);
  const append = (action: string) => engine.query(sql("INSERT INTO runback.audit (action) VALUES ($1)"), [action]);
  const problems = async () =>
    (await engine.transaction((tx) => engine.audit.verify(tx, audit, 100), { isolation: "snapshot" })).problems.map(
      ({ kind }) => kind,
    );
  /** What somebody with every right could do, undone afterwards: chains are append-only for tests too. */
  const tampered = (work: (tx: Connection) => Promise<void>): Promise<string[]> =>
    fixture.tampering(
      engine,
      (tx) => work({ ...tx, script: (text) => tx.script(sql(text)) }),
      async (tx) => (await engine.audit.verify(tx, audit, 100)).problems.map(({ kind }) => kind),
    );

  test.each(["runback.audit", "runback.audit_chain"])(
    "changes of %s are refused, in a replica session too",
    async (table) => {
      await append("kept");
      const column = table.endsWith("chain") ? "seq" : "id";
      const changes = [
        { statement: `UPDATE ${table} SET ${column} = ${column}`, refusal: { code: "RB002" } },
        { statement: `DELETE FROM ${table}`, refusal: { code: "RB002" } },
        fixture.emptying(table),
      ];
      for (const { statement, refusal } of changes) {
        await expect(engine.query(sql(statement))).rejects.toMatchObject(refusal);
        if (fixture.privileged === undefined) continue;
        const replica = engine.transaction(async (tx) => {
          await tx.script(fixture.privileged!);
          await tx.query(statement);
        });
        await expect(replica).rejects.toMatchObject(refusal);
      }
      expect(await problems()).toEqual([]);
    },
  );

  test("twenty concurrent appenders make one chain", async () => {
    const before = await engine.query<{ n: number }>(sql("SELECT max(seq)::int AS n FROM runback.audit_chain"));
    await Promise.all(Array.from({ length: 20 }, (_, n) => append(`concurrent-${n}`)));
    const chain = await engine.query<{ seq: number; linked: boolean }>(
      sql(
        "SELECT seq::int AS seq, previous = lag(sha256) OVER (ORDER BY seq) AS linked FROM runback.audit_chain ORDER BY seq",
      ),
    );
    expect(chain.rows.length - before.rows[0]!.n).toBe(20);
    expect(chain.rows.map(({ seq }) => seq)).toEqual(chain.rows.map((_, at) => at + 1));
    expect(chain.rows.slice(1).every(({ linked }) => linked)).toBe(true);
    expect(await problems()).toEqual([]);
  });

  test.runIf(fixture.strange)("the hash of an entry does not depend on the session that wrote it", async () => {
    const { settings, entry, back } = fixture.strange!;
    await engine.transaction(async (tx) => {
      await tx.script(settings);
      await tx.query(entry);
      if (back) await tx.script(back);
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
        tx.script(
          "DELETE FROM runback.audit_chain WHERE seq = (SELECT * FROM (SELECT max(seq) FROM runback.audit_chain) last)",
        ),
      ),
    ).toContain("truncated");
    expect(await problems()).toEqual([]);
  });

  test("rows from before are chained in order of time, whatever session protects the table", async () => {
    const table = { schema: "public", name: "AuditLog" };
    await engine.script(fixture.oldLog);
    await engine.transaction(async (tx) => {
      if (fixture.strange) await tx.script(fixture.strange.own);
      await engine.protectAudit(tx, table);
      await engine.protectAudit(tx, table);
      if (fixture.strange?.back) await tx.script(fixture.strange.back);
    });
    await engine.query(sql(`INSERT INTO "AuditLog" (action, "createdAt") VALUES ('new', ${fixture.now})`));
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
