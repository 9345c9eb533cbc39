import { findTable } from "@runback/core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { freshTarget, type TestTarget } from "../support/engines.ts";
import { bytesOf, journaled, undo } from "../support/journaled.ts";
import { rotatedEngines } from "../support/rotated-engines.ts";
import { placed, placing, spell } from "../support/spell.ts";
import { journalFixture } from "./fixtures/journal-fixture.ts";

// The shape that every change goes through here: change → undo → byte-equal → undo of the undo → byte-equal to the change.
describe.each(rotatedEngines)("journal on %s", (name) => {
  let target: TestTarget;
  beforeAll(async () => {
    target = await freshTarget(name);
  });
  afterAll(async () => {
    await target[Symbol.asyncDispose]();
  });

  const fixture = journalFixture(name);
  let schemas = 0;
  /** Creates the tables in a schema of their own and drives the change back and forth. */
  async function roundTrip(
    ddl: string,
    tables: readonly string[],
    change: string,
    expected: { rows: number; replay?: string | null },
  ) {
    const { engine } = target;
    const schema = `s${++schemas}`;
    const place = placed(name, schema);
    const inSchema = placing(name, schema);
    await engine.script(inSchema(`CREATE SCHEMA ${schema}; ${ddl}`));
    const names = tables.map((table) => `${place}${table}`);
    const quoted = names.map((each) => each.replace(/\.(.*)$/, (_, table: string) => `."${table}"`));
    const before = await Promise.all(quoted.map((table) => bytesOf(engine, table)));
    const runId = await journaled(engine, names, (tx) => tx.script(inSchema(change)));
    const after = await Promise.all(quoted.map((table) => bytesOf(engine, table)));
    expect(after).not.toEqual(before);
    const back = await undo(engine, runId, "abort", 3);
    expect(back.plan.conflicts).toEqual([]);
    expect(await Promise.all(quoted.map((table) => bytesOf(engine, table)))).toEqual(before);
    expect(back.remaining).toBe(0);
    const total = Object.values(back.plan.tables).reduce((sum, counts) => sum + counts.reverted + counts.already, 0);
    expect(total).toBe(expected.rows);
    if (expected.replay !== undefined) expect(back.plan.replay).toBe(expected.replay);
    const again = await undo(engine, runId);
    expect(Object.values(again.plan.tables).every((counts) => counts.reverted === 0)).toBe(true);
    const forth = await undo(engine, back.rollbackRunId);
    expect(forth.plan.conflicts).toEqual([]);
    expect(await Promise.all(quoted.map((table) => bytesOf(engine, table)))).toEqual(after);
  }

  test("insert, update and delete in one run", () =>
    roundTrip(
      "CREATE TABLE @.t (id int PRIMARY KEY, v text); INSERT INTO @.t VALUES (1, 'a'), (2, 'b'), (3, NULL)",
      ["t"],
      "INSERT INTO @.t VALUES (4, 'd'); UPDATE @.t SET v = 'x' WHERE id <= 2; DELETE FROM @.t WHERE id = 3",
      { rows: 4, replay: null },
    ));

  test("a row touched several times counts once", () =>
    roundTrip(
      "CREATE TABLE @.t (id int PRIMARY KEY, v text); INSERT INTO @.t VALUES (1, 'a'), (2, 'b')",
      ["t"],
      `UPDATE @.t SET v = 'x' WHERE id = 1; UPDATE @.t SET v = 'y' WHERE id = 1; DELETE FROM @.t WHERE id = 1;
       INSERT INTO @.t VALUES (1, 'z'); INSERT INTO @.t VALUES (9, 'gone'); DELETE FROM @.t WHERE id = 9;
       UPDATE @.t SET v = 'changed' WHERE id = 2; UPDATE @.t SET v = 'b' WHERE id = 2`,
      { rows: 3 },
    ));

  test("an update that changes nothing leaves no image", async () => {
    const { engine } = target;
    await engine.script(
      "CREATE TABLE unchanged_rows (id int PRIMARY KEY, v text); INSERT INTO unchanged_rows VALUES (1, 'a')",
    );
    const runId = await journaled(engine, ["unchanged_rows"], (tx) => tx.script("UPDATE unchanged_rows SET v = v"));
    expect(await engine.journal.rows(engine, runId)).toBe(0);
  });

  test("upsert, MERGE and REPLACE", () =>
    roundTrip(
      "CREATE TABLE @.t (id int PRIMARY KEY, v text); INSERT INTO @.t VALUES (1, 'a'), (2, 'b')",
      ["t"],
      fixture.upsert,
      { rows: 4 },
    ));

  test("tables emptied, with those that reference them", () =>
    roundTrip(
      `CREATE TABLE @.p (id int PRIMARY KEY); CREATE TABLE @.c (id int PRIMARY KEY, p int REFERENCES @.p);
       INSERT INTO @.p VALUES (1), (2); INSERT INTO @.c VALUES (1, 1), (2, 2), (3, NULL)`,
      ["p", "c"],
      `${fixture.empty}; INSERT INTO @.p VALUES (2), (7)`,
      { rows: 6 },
    ));

  test("parents and children, created and deleted", () =>
    roundTrip(
      `CREATE TABLE @.p (id int PRIMARY KEY); CREATE TABLE @.c (id int PRIMARY KEY, p int NOT NULL REFERENCES @.p);
       INSERT INTO @.p VALUES (1), (2); INSERT INTO @.c VALUES (1, 1), (2, 2)`,
      ["c", "p"],
      `DELETE FROM @.c WHERE id = 1; DELETE FROM @.p WHERE id = 1; INSERT INTO @.p VALUES (3); INSERT INTO @.c VALUES (3, 3);
       UPDATE @.c SET p = 3 WHERE id = 2`,
      { rows: 5, replay: null },
    ));

  test("changed keys", () =>
    roundTrip(
      "CREATE TABLE @.t (id int PRIMARY KEY, email varchar(20) UNIQUE); INSERT INTO @.t VALUES (1, 'a'), (2, 'b')",
      ["t"],
      "UPDATE @.t SET id = 10 WHERE id = 1; UPDATE @.t SET id = 1 WHERE id = 2; UPDATE @.t SET email = 'c' WHERE id = 10",
      { rows: 3, replay: "key-change" },
    ));

  test.runIf(!fixture.cascades).each(["ON DELETE CASCADE", "ON DELETE SET NULL", "ON UPDATE CASCADE"])(
    "a foreign key that acts unseen is refused before anything is written: %s",
    async (action) => {
      const { engine } = target;
      const unseen = `u${++schemas}`;
      await engine.script(
        placing(
          name,
          unseen,
        )(
          `CREATE SCHEMA ${unseen}; CREATE TABLE @.p (id int PRIMARY KEY); CREATE TABLE @.c (id int PRIMARY KEY, p int REFERENCES @.p ${action})`,
        ),
      );
      for (const table of ["p", "c"]) {
        const enrolled = journaled(engine, [placed(name, unseen) + table], async () => {});
        await expect(enrolled).rejects.toMatchObject({ code: "CASCADE_UNSEEN" });
      }
      // A run that changes values alone makes no key act, unless it is one that others follow.
      const only = (updates: readonly string[]) =>
        engine.transaction(async (tx) => {
          const catalog = await engine.catalog();
          const both = ["p", "c"].map((table) => findTable(catalog, placed(name, unseen) + table)!);
          await engine.journal.enroll(tx, both, { updates });
        });
      if (action === "ON UPDATE CASCADE") await expect(only(["id"])).rejects.toMatchObject({ code: "CASCADE_UNSEEN" });
      // Nothing captures them: a change leaves no image, in a run neither.
      const runId = await journaled(engine, [], (tx) => tx.script(placing(name, unseen)("INSERT INTO @.p VALUES (1)")));
      expect(await engine.journal.rows(engine, runId)).toBe(0);
      await only(["p"]);
      // Altered since, it is captured as it is now; any other run is still refused.
      await engine.script(placing(name, unseen)("ALTER TABLE @.c ADD COLUMN note varchar(20)"));
      const rows = "INSERT INTO @.c VALUES (1, 1, 'new'); UPDATE @.c SET p = NULL";
      const second = await journaled(engine, [], (tx) => tx.script(placing(name, unseen)(rows)));
      expect(await engine.journal.rows(engine, second)).toBe(1);
      await expect(journaled(engine, [`${placed(name, unseen)}c`], async () => {})).rejects.toMatchObject({
        code: "CASCADE_UNSEEN",
      });
    },
  );

  test.runIf(fixture.cascades)("cascades of a foreign key: delete, set null, set default", () =>
    roundTrip(
      `CREATE TABLE @.p (id int PRIMARY KEY);
       CREATE TABLE @.c (id int PRIMARY KEY, p int REFERENCES @.p ON DELETE CASCADE);
       CREATE TABLE @.n (id int PRIMARY KEY, p int REFERENCES @.p ON DELETE SET NULL);
       CREATE TABLE @.d (id int PRIMARY KEY, p int DEFAULT 3 REFERENCES @.p ON DELETE SET DEFAULT);
       INSERT INTO @.p VALUES (1), (2), (3); INSERT INTO @.c VALUES (1, 1), (2, 2); INSERT INTO @.n VALUES (1, 1); INSERT INTO @.d VALUES (1, 1)`,
      ["p", "c", "n", "d"],
      "DELETE FROM @.p WHERE id = 1",
      { rows: 4 },
    ),
  );

  test.runIf(fixture.cascades)("changed keys, with a cascade that follows them", () =>
    roundTrip(
      `CREATE TABLE @.p (id int PRIMARY KEY, email text UNIQUE);
       CREATE TABLE @.c (id int PRIMARY KEY, p int REFERENCES @.p ON UPDATE CASCADE);
       INSERT INTO @.p VALUES (1, 'a'), (2, 'b'); INSERT INTO @.c VALUES (1, 1), (2, 2)`,
      ["p", "c"],
      "UPDATE @.p SET id = 10 WHERE id = 1; UPDATE @.p SET email = 'b2' WHERE id = 2",
      { rows: 4, replay: "key-change" },
    ),
  );

  test.runIf(fixture.cascades)("a key that is part of the child's key", () =>
    roundTrip(
      `CREATE TABLE @.p (id int PRIMARY KEY);
       CREATE TABLE @.c (p int REFERENCES @.p ON UPDATE CASCADE, n int, v text, PRIMARY KEY (p, n));
       INSERT INTO @.p VALUES (1), (2); INSERT INTO @.c VALUES (1, 1, 'x'), (1, 2, 'y'), (2, 1, 'z')`,
      ["p", "c"],
      "UPDATE @.p SET id = 10 WHERE id = 1; UPDATE @.p SET id = 11 WHERE id = 10",
      { rows: 9 },
    ),
  );

  test("unique values passed from row to row", () =>
    roundTrip(
      "CREATE TABLE @.t (id int PRIMARY KEY, email varchar(20) UNIQUE, note text); INSERT INTO @.t VALUES (1, 'a', ''), (2, 'b', ''), (3, 'c', '')",
      ["t"],
      `UPDATE @.t SET email = 'tmp' WHERE id = 1; UPDATE @.t SET email = 'a' WHERE id = 2; UPDATE @.t SET email = 'b' WHERE id = 1;
       DELETE FROM @.t WHERE id = 3; INSERT INTO @.t VALUES (4, 'c', '')`,
      { rows: 4, replay: "unique-order" },
    ));

  test("unique expression with a predicate", () =>
    roundTrip(
      `${fixture.liveEmail}; INSERT INTO @.t (id, email, live) VALUES (1, 'A', true), (2, 'a', false)`,
      ["t"],
      "UPDATE @.t SET live = false WHERE id = 1; UPDATE @.t SET live = true WHERE id = 2",
      { rows: 2, replay: "unique-order" },
    ));

  test("tables that reference each other, and a table that references itself", () =>
    roundTrip(
      `${fixture.circle}; CREATE TABLE @.s (id int PRIMARY KEY, boss int REFERENCES @.s);
       INSERT INTO @.a VALUES (1, NULL); INSERT INTO @.b VALUES (1, 1); UPDATE @.a SET b = 1; INSERT INTO @.s VALUES (1, NULL), (2, 1), (3, 2)`,
      ["a", "b", "s"],
      `UPDATE @.a SET b = NULL; DELETE FROM @.b; INSERT INTO @.b VALUES (5, 1); UPDATE @.a SET b = 5;
       DELETE FROM @.s WHERE id = 3; DELETE FROM @.s WHERE id = 2; INSERT INTO @.s VALUES (4, 1), (5, 4)`,
      { rows: 7 },
    ));

  const stamped = `CREATE TABLE @.t (id int PRIMARY KEY, v int, stamped int DEFAULT 0);
    CREATE TABLE @.log (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, t int, v int);
    INSERT INTO @.t (id, v) SELECT n, n FROM generate_series(1, 4) n; ${fixture.triggers.ddl}`;

  test.runIf(fixture.triggers.silenced)("a trigger of the user that changes the same and other rows", () =>
    roundTrip(stamped, ["t", "log"], "UPDATE @.t SET v = v + 1 WHERE id <= 3", { rows: fixture.triggers.rows }),
  );

  test.runIf(!fixture.triggers.silenced)(
    "what a trigger of the user changes is journaled; taking it back is refused while the trigger is there",
    async () => {
      const { engine } = target;
      const schema = `s${++schemas}`;
      const sql = placing(name, schema);
      const names = [`${placed(name, schema)}t`, `${placed(name, schema)}log`];
      const all = () => Promise.all(names.map((table) => bytesOf(engine, table)));
      await engine.script(sql(`CREATE SCHEMA ${schema}; ${stamped}`));
      const before = await all();
      const runId = await journaled(engine, names, (tx) => tx.script(sql("UPDATE @.t SET v = v + 1 WHERE id <= 3")));
      expect(await engine.journal.rows(engine, runId)).toBe(fixture.triggers.rows);
      const after = await all();
      await expect(undo(engine, runId)).rejects.toMatchObject({ code: "TRIGGERS_FIRE" });
      expect(await all()).toEqual(after);
      await engine.script(sql(fixture.triggers.drop));
      expect((await undo(engine, runId)).remaining).toBe(0);
      expect(await all()).toEqual(before);
    },
  );

  test.runIf(fixture.partitions)("partitions, rows that move from one to another, and writers to one of them", () => {
    const { ddl, tables, change, rows } = fixture.partitions!;
    return roundTrip(ddl, tables, change, { rows });
  });

  test("quoted names, composite keys, generated and identity columns", () => {
    const { ddl, tables, change, rows } = fixture.oddTable;
    return roundTrip(ddl, tables, change, { rows });
  });

  test("a table without a primary key is refused by name", async () => {
    await target.engine.script("CREATE TABLE keyless (v text)");
    await expect(journaled(target.engine, ["keyless"], async () => {})).rejects.toMatchObject({
      code: "TABLE_WITHOUT_KEY",
    });
  });

  test("naming a run that is not running is refused, and nothing is written", async () => {
    const { engine } = target;
    await engine.script("CREATE TABLE guarded (id int PRIMARY KEY)");
    await journaled(engine, ["guarded"], async () => {});
    const forged = engine.transaction(async (tx) => {
      await tx.query(fixture.forge);
      await tx.query("INSERT INTO guarded VALUES (1)");
    });
    await expect(forged).rejects.toMatchObject({ code: "RB001" });
    expect((await engine.query("SELECT id FROM guarded")).count).toBe(0);
  });

  test("writers outside a run leave no image", async () => {
    const { engine } = target;
    await engine.script("CREATE TABLE outside (id int PRIMARY KEY)");
    await journaled(engine, ["outside"], async () => {});
    const before = await engine.query<{ n: number }>(spell(name, "SELECT count(*)::int AS n FROM runback.journal"));
    await engine.query("INSERT INTO outside VALUES (1)");
    const after = await engine.query<{ n: number }>(spell(name, "SELECT count(*)::int AS n FROM runback.journal"));
    expect(after.rows).toEqual(before.rows);
  });

  test("a column added after the run keeps its newer values; one dropped is named", async () => {
    const { engine } = target;
    await engine.script(
      "CREATE TABLE later (id int PRIMARY KEY, v text, w int); INSERT INTO later VALUES (1, 'a', 1), (2, 'b', 2)",
    );
    const runId = await journaled(engine, ["later"], (tx) =>
      tx.script("UPDATE later SET v = 'x'; DELETE FROM later WHERE id = 2"),
    );
    await engine.script(
      "ALTER TABLE later ADD COLUMN extra varchar(20) DEFAULT 'kept'; UPDATE later SET extra = 'newer'",
    );
    const back = await undo(engine, runId);
    expect(back.plan.conflicts).toEqual([]);
    expect((await engine.query("SELECT id, v, w, extra FROM later ORDER BY id")).rows).toEqual([
      { id: 1, v: "a", w: 1, extra: "newer" },
      { id: 2, v: "b", w: 2, extra: "kept" },
    ]);
    await fixture.dropColumn(engine, "later", "w");
    await expect(undo(engine, runId)).rejects.toMatchObject({ code: "SCHEMA_CHANGED" });
  });

  test("a column renamed after the run is followed, or named where the engine cannot know it", async () => {
    const { engine } = target;
    await engine.script("CREATE TABLE renamed (id int PRIMARY KEY, v text); INSERT INTO renamed VALUES (1, 'a')");
    const runId = await journaled(engine, ["renamed"], (tx) => tx.script("UPDATE renamed SET v = 'x'"));
    await engine.script("ALTER TABLE renamed RENAME COLUMN v TO value");
    const back = undo(engine, runId);
    if (fixture.followsRenames) expect((await back).plan.conflicts).toEqual([]);
    else await expect(back).rejects.toMatchObject({ code: "SCHEMA_CHANGED" });
    const { rows } = await engine.query("SELECT value FROM renamed");
    expect(rows).toEqual([{ value: fixture.followsRenames ? "a" : "x" }]);
  });

  test("a column added between two steps of a run is captured from then on", async () => {
    const { engine } = target;
    await engine.script("CREATE TABLE grows (id int PRIMARY KEY, v text); INSERT INTO grows VALUES (1, 'a')");
    await journaled(engine, ["grows"], async () => {});
    await engine.script("ALTER TABLE grows ADD COLUMN w varchar(20) DEFAULT 'w'");
    const before = await bytesOf(engine, "grows");
    const runId = await journaled(engine, [], (tx) => tx.script("UPDATE grows SET w = 'changed'"));
    await undo(engine, runId);
    expect(await bytesOf(engine, "grows")).toEqual(before);
  });
});
