import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { engineNames, freshTarget, type TestTarget } from "../../support/engines.ts";
import { journaled, undo } from "../../support/journaled.ts";
import { bytesOf } from "../../support/spell.ts";

// Change → undo → byte-equal → undo of the undo → byte-equal to the change.
describe.each(engineNames.filter((name) => name === "mysql"))("journal of row triggers on %s", (name) => {
  let target: TestTarget;
  beforeAll(async () => {
    target = await freshTarget(name);
  });
  afterAll(async () => {
    await target[Symbol.asyncDispose]();
  });

  let cases = 0;
  async function roundTrip(
    ddl: string,
    tables: readonly string[],
    change: string,
    expected: { rows: number; replay?: string | null },
  ) {
    const { engine } = target;
    const prefix = `r${++cases}_`;
    const named = (sql: string) => sql.replaceAll("@", prefix);
    await engine.script(named(ddl));
    const names = tables.map((table) => prefix + table);
    const all = () => Promise.all(names.map((table) => bytesOf(engine, table)));
    const before = await all();
    const runId = await journaled(engine, names, (tx) => tx.script(named(change)));
    const after = await all();
    expect(after).not.toEqual(before);
    const back = await undo(engine, runId, "abort", 3);
    expect(back.plan.conflicts).toEqual([]);
    expect(await all()).toEqual(before);
    expect(back.remaining).toBe(0);
    const total = Object.values(back.plan.tables).reduce((sum, counts) => sum + counts.reverted + counts.already, 0);
    expect(total).toBe(expected.rows);
    if (expected.replay !== undefined) expect(back.plan.replay).toBe(expected.replay);
    const again = await undo(engine, runId);
    expect(Object.values(again.plan.tables).every((counts) => counts.reverted === 0)).toBe(true);
    const forth = await undo(engine, back.rollbackRunId);
    expect(forth.plan.conflicts).toEqual([]);
    expect(await all()).toEqual(after);
  }

  test("REPLACE and ON DUPLICATE KEY UPDATE", () =>
    roundTrip(
      "CREATE TABLE @t (id int PRIMARY KEY, code varchar(9) UNIQUE, n int); INSERT INTO @t VALUES (1, 'a', 1), (2, 'b', 2)",
      ["t"],
      `REPLACE INTO @t VALUES (3, 'a', 9); INSERT INTO @t VALUES (2, 'x', 5) ON DUPLICATE KEY UPDATE n = n + 40`,
      { rows: 3 },
    ));

  test("composite and text keys that a collation calls equal, quoted names, generated and invisible columns", () =>
    roundTrip(
      `CREATE TABLE \`@odd \`\` table\` (\`Key A\` int, \`ké\` varchar(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci, run int,
         \`_run\` int INVISIBLE DEFAULT 3, twice int GENERATED ALWAYS AS (run * 2) STORED, thrice int GENERATED ALWAYS AS (run * 3) VIRTUAL UNIQUE,
         PRIMARY KEY (\`Key A\`, \`ké\`));
       INSERT INTO \`@odd \`\` table\` (\`Key A\`, \`ké\`, run) VALUES (1, 'ü\\'', 5), (1, 'B', 6), (2, 'b', 8)`,
      ["odd ` table"],
      `UPDATE \`@odd \`\` table\` SET run = 9 WHERE \`Key A\` = 1 AND \`ké\` = 'b'; UPDATE \`@odd \`\` table\` SET \`ké\` = 'B' WHERE \`Key A\` = 2;
       DELETE FROM \`@odd \`\` table\` WHERE run = 5; INSERT INTO \`@odd \`\` table\` (\`Key A\`, \`ké\`, run) VALUES (2, '\\t\\\\,-', 1)`,
      { rows: 5 },
    ));

  test("a table without transactions is refused by name", async () => {
    const { engine } = target;
    await engine.script("CREATE TABLE plain (id int PRIMARY KEY) ENGINE = MyISAM");
    await expect(journaled(engine, ["plain"], async () => {})).rejects.toMatchObject({
      code: "TABLE_NOT_TRANSACTIONAL",
    });
  });

  test("a session never keeps a run's name, and a statement looks it up anew", async () => {
    const { engine } = target;
    await engine.script("CREATE TABLE guarded (id int PRIMARY KEY)");
    const runId = await journaled(engine, ["guarded"], async () => {});
    await Promise.all(
      Array.from({ length: 8 }, async (_, n) => engine.query("INSERT INTO guarded VALUES ($1)", [n + 10])),
    );
    expect(await engine.journal.rows(engine, runId)).toBe(0);
    const ended = engine.transaction(async (tx) => {
      await engine.journal.begin(tx, runId);
      await tx.query("INSERT INTO guarded VALUES (1), (2)");
      await engine.store.updateRun(tx, runId, { state: "failed" });
      await tx.query("INSERT INTO guarded VALUES (3)");
    });
    await expect(ended).rejects.toMatchObject({ code: "RB001" });
    expect(await engine.journal.rows(engine, runId)).toBe(0);
  });
});
