import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { everyEngine, freshTarget, type TestTarget } from "../../support/engines.ts";
import { journaled, undo } from "../../support/journaled.ts";
import { bytesOf } from "./bytes-of.ts";

// Change → undo → byte-equal → undo of the undo → byte-equal to the change.
describe.each(everyEngine.filter((name) => name === "mysql"))("journal of row triggers on %s", (name) => {
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

  test("insert, update and delete in one run", () =>
    roundTrip(
      "CREATE TABLE @t (id int PRIMARY KEY, v text); INSERT INTO @t VALUES (1, 'a'), (2, 'b'), (3, NULL)",
      ["t"],
      "INSERT INTO @t VALUES (4, 'd'); UPDATE @t SET v = 'x' WHERE id <= 2; DELETE FROM @t WHERE id = 3",
      { rows: 4, replay: null },
    ));

  test("a row touched several times counts once; one that came and went, too", () =>
    roundTrip(
      "CREATE TABLE @t (id int PRIMARY KEY, v text); INSERT INTO @t VALUES (1, 'a'), (2, 'b')",
      ["t"],
      `UPDATE @t SET v = 'x' WHERE id = 1; UPDATE @t SET v = 'y' WHERE id = 1; DELETE FROM @t WHERE id = 1;
       INSERT INTO @t VALUES (1, 'z'), (7, 'gone'); DELETE FROM @t WHERE id = 7`,
      { rows: 2 },
    ));

  test("REPLACE and ON DUPLICATE KEY UPDATE", () =>
    roundTrip(
      "CREATE TABLE @t (id int PRIMARY KEY, code varchar(9) UNIQUE, n int); INSERT INTO @t VALUES (1, 'a', 1), (2, 'b', 2)",
      ["t"],
      `REPLACE INTO @t VALUES (3, 'a', 9); INSERT INTO @t VALUES (2, 'x', 5) ON DUPLICATE KEY UPDATE n = n + 40`,
      { rows: 3 },
    ));

  test("parents and children, created and deleted", () =>
    roundTrip(
      `CREATE TABLE @p (id int PRIMARY KEY); CREATE TABLE @c (id int PRIMARY KEY, p int NOT NULL, FOREIGN KEY (p) REFERENCES @p (id));
       INSERT INTO @p VALUES (1), (2); INSERT INTO @c VALUES (1, 1), (2, 2)`,
      ["c", "p"],
      "DELETE FROM @c WHERE id = 1; DELETE FROM @p WHERE id = 1; INSERT INTO @p VALUES (3); INSERT INTO @c VALUES (3, 3); UPDATE @c SET p = 3 WHERE id = 2",
      { rows: 5, replay: null },
    ));

  test("changed keys", () =>
    roundTrip(
      "CREATE TABLE @t (id int PRIMARY KEY, email varchar(20) UNIQUE); INSERT INTO @t VALUES (1, 'a'), (2, 'b')",
      ["t"],
      "UPDATE @t SET id = 10 WHERE id = 1; UPDATE @t SET id = 1 WHERE id = 2; UPDATE @t SET email = 'c' WHERE id = 10",
      { rows: 3, replay: "key-change" },
    ));

  test("unique values passed from row to row", () =>
    roundTrip(
      "CREATE TABLE @t (id int PRIMARY KEY, email varchar(20) UNIQUE); INSERT INTO @t VALUES (1, 'a'), (2, 'b'), (3, 'c')",
      ["t"],
      `UPDATE @t SET email = 'tmp' WHERE id = 1; UPDATE @t SET email = 'a' WHERE id = 2; UPDATE @t SET email = 'b' WHERE id = 1;
       DELETE FROM @t WHERE id = 3; INSERT INTO @t VALUES (4, 'c')`,
      { rows: 4, replay: "unique-order" },
    ));

  test("a table that references itself, and two that reference each other", () =>
    roundTrip(
      `CREATE TABLE @s (id int PRIMARY KEY, boss int, FOREIGN KEY (boss) REFERENCES @s (id)); INSERT INTO @s VALUES (1, NULL), (2, 1), (3, 2);
       CREATE TABLE @a (id int PRIMARY KEY, b int); CREATE TABLE @b (id int PRIMARY KEY, a int, FOREIGN KEY (a) REFERENCES @a (id));
       ALTER TABLE @a ADD FOREIGN KEY (b) REFERENCES @b (id); INSERT INTO @a VALUES (1, NULL); INSERT INTO @b VALUES (1, 1); UPDATE @a SET b = 1`,
      ["s", "a", "b"],
      `DELETE FROM @s WHERE id = 3; DELETE FROM @s WHERE id = 2; INSERT INTO @s VALUES (4, 1), (5, 4);
       UPDATE @a SET b = NULL; DELETE FROM @b; INSERT INTO @b VALUES (5, 1); UPDATE @a SET b = 5`,
      { rows: 7, replay: "reference-circle" },
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

  test("what a trigger of the user changes is journaled; taking it back is refused while the trigger is there", async () => {
    const { engine } = target;
    await engine.script(
      `CREATE TABLE stamped (id int PRIMARY KEY, v int, stamp int DEFAULT 0); CREATE TABLE stamps (id int AUTO_INCREMENT PRIMARY KEY, v int);
       INSERT INTO stamped VALUES (1, 1, 0), (2, 2, 0);
       CREATE TRIGGER stamp_it BEFORE UPDATE ON stamped FOR EACH ROW SET NEW.stamp = OLD.stamp + 1;
       CREATE TRIGGER log_it AFTER UPDATE ON stamped FOR EACH ROW INSERT INTO stamps (v) VALUES (NEW.v)`,
    );
    const before = await bytesOf(engine, "stamped");
    const runId = await journaled(engine, ["stamped", "stamps"], (tx) => tx.script("UPDATE stamped SET v = v + 1"));
    expect(await engine.journal.rows(engine, runId)).toBe(4);
    await expect(undo(engine, runId)).rejects.toMatchObject({ code: "TRIGGERS_FIRE" });
    await engine.script("DROP TRIGGER stamp_it; DROP TRIGGER log_it");
    expect((await undo(engine, runId)).remaining).toBe(0);
    expect(await bytesOf(engine, "stamped")).toEqual(before);
    expect(await bytesOf(engine, "stamps")).toEqual([]);
  });

  test.each(["ON DELETE CASCADE", "ON DELETE SET NULL", "ON UPDATE CASCADE"])(
    "a foreign key that acts unseen is refused before anything is written: %s",
    async (action) => {
      const { engine } = target;
      const prefix = `f${++cases}`;
      await engine.script(
        `CREATE TABLE ${prefix}p (id int PRIMARY KEY); CREATE TABLE ${prefix}c (id int PRIMARY KEY, p int, FOREIGN KEY (p) REFERENCES ${prefix}p (id) ${action})`,
      );
      for (const tables of [[`${prefix}p`], [`${prefix}c`]]) {
        await expect(journaled(engine, tables, async () => {})).rejects.toMatchObject({ code: "CASCADE_UNSEEN" });
      }
      const triggers = "SELECT 1 FROM information_schema.triggers WHERE event_object_table LIKE $1";
      expect((await engine.query(triggers, [`${prefix}%`])).count).toBe(0);
    },
  );

  test("a table without a key, and one without transactions, are refused by name", async () => {
    const { engine } = target;
    await engine.script("CREATE TABLE keyless (v text); CREATE TABLE plain (id int PRIMARY KEY) ENGINE = MyISAM");
    await expect(journaled(engine, ["keyless"], async () => {})).rejects.toMatchObject({ code: "TABLE_WITHOUT_KEY" });
    await expect(journaled(engine, ["plain"], async () => {})).rejects.toMatchObject({
      code: "TABLE_NOT_TRANSACTIONAL",
    });
  });

  test("naming a run that is not running is refused, and a session never keeps a run's name", async () => {
    const { engine } = target;
    await engine.script("CREATE TABLE guarded (id int PRIMARY KEY)");
    const runId = await journaled(engine, ["guarded"], async () => {});
    const forged = engine.transaction(async (tx) => {
      await tx.query("SET @runback_run_id = 'run-nobody'");
      await tx.query("INSERT INTO guarded VALUES (1)");
    });
    await expect(forged).rejects.toMatchObject({ code: "RB001" });
    await Promise.all(
      Array.from({ length: 8 }, async (_, n) => engine.query("INSERT INTO guarded VALUES ($1)", [n + 10])),
    );
    expect(await engine.journal.rows(engine, runId)).toBe(0);
  });

  test("a column added between two steps of a run is captured from then on, and one renamed later is named", async () => {
    const { engine } = target;
    await engine.script("CREATE TABLE grows (id int PRIMARY KEY, v text); INSERT INTO grows VALUES (1, 'a')");
    await journaled(engine, ["grows"], async () => {});
    await engine.script("ALTER TABLE grows ADD COLUMN w varchar(20) DEFAULT 'w'");
    const before = await bytesOf(engine, "grows");
    const runId = await journaled(engine, [], (tx) => tx.script("UPDATE grows SET w = 'changed'"));
    await engine.script("ALTER TABLE grows ADD COLUMN later int DEFAULT 7");
    await undo(engine, runId);
    expect((await engine.query("SELECT w, later FROM grows")).rows).toEqual([{ w: "w", later: 7 }]);
    expect(before).toHaveLength(1);
    await engine.script("ALTER TABLE grows RENAME COLUMN w TO ww");
    await expect(undo(engine, runId)).rejects.toMatchObject({ code: "SCHEMA_CHANGED" });
  });

  test("newer edits, deletions, references and taken values are conflicts, and stay", async () => {
    const { engine } = target;
    await engine.script(
      `CREATE TABLE cp (id int PRIMARY KEY, email varchar(20) UNIQUE, v int); CREATE TABLE cc (id int PRIMARY KEY, p int, FOREIGN KEY (p) REFERENCES cp (id));
       INSERT INTO cp VALUES (1, 'a', 1), (2, 'b', 1), (3, 'c', 1), (4, 'd', 1)`,
    );
    const runId = await journaled(engine, ["cp"], (tx) =>
      tx.script(
        "UPDATE cp SET v = 2 WHERE id <= 2; DELETE FROM cp WHERE id = 3; UPDATE cp SET v = 2 WHERE id = 4; INSERT INTO cp VALUES (5, 'e', 1), (6, 'f', 1)",
      ),
    );
    await engine.script(
      "UPDATE cp SET v = 99 WHERE id = 1; DELETE FROM cp WHERE id = 2; INSERT INTO cp VALUES (7, 'c', 1); INSERT INTO cc VALUES (1, 5)",
    );
    const refused = await undo(engine, runId);
    expect(refused.plan.tables.cp).toEqual({ reverted: 2, already: 0, edited: 2, missing: 1, referenced: 1 });
    expect(refused.plan.conflicts.map(({ key, class: name }) => [...key, name]).sort()).toEqual([
      ["1", "edited"],
      ["2", "missing"],
      ["3", "edited"],
      ["5", "referenced"],
    ]);
    await undo(engine, runId, "skip");
    expect((await engine.query("SELECT id, v FROM cp ORDER BY id")).rows).toEqual([
      { id: 1, v: 99 },
      { id: 4, v: 1 },
      { id: 5, v: 1 },
      { id: 7, v: 1 },
    ]);
  });
});
