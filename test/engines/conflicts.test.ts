import type { ConflictPolicy, Engine, UndoRequest } from "@runback/core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { freshTarget, type TestTarget } from "../support/engines.ts";
import { bytesOf, journaled, startRun, undo } from "../support/journaled.ts";
import { rotatedEngines } from "../support/rotated-engines.ts";
import { placed, placing } from "../support/spell.ts";
import { conflictsFixture } from "./fixtures/conflicts-fixture.ts";

describe.each(rotatedEngines)("conflicts on %s", (name) => {
  let target: TestTarget;
  let engine: Engine;
  beforeAll(async () => {
    target = await freshTarget(name);
    engine = target.engine;
  });
  afterAll(async () => {
    await target[Symbol.asyncDispose]();
  });

  const fixture = conflictsFixture(name);
  let schemas = 0;
  /** A parent and a child table in a schema of their own, a run over them, and what others did after it. */
  async function scene(run: string, others: string, more = "") {
    const schema = `c${++schemas}`;
    const sql = placing(name, schema);
    const place = placed(name, schema);
    const unique = fixture.uniqueName(place, "p", "email");
    const foreign = fixture.foreignKeyName(place, "c", "p");
    await engine.script(
      sql(`CREATE SCHEMA ${schema}; CREATE TABLE @.p (id int PRIMARY KEY, email varchar(20) UNIQUE, note text);
        CREATE TABLE @.c (id int PRIMARY KEY, p int REFERENCES @.p ${fixture.onDelete});
        INSERT INTO @.p SELECT g, 'mail' || g, 'old' FROM generate_series(1, 5) g; INSERT INTO @.c SELECT g, g FROM generate_series(1, 2) g; ${more}`),
    );
    const rows = async () => [await bytesOf(engine, `${place}p`), await bytesOf(engine, `${place}c`)];
    const before = await rows();
    const runId = await journaled(engine, [`${place}p`, `${place}c`], (tx) => tx.script(sql(run)));
    if (others !== "") await engine.script(sql(others));
    return { place, unique, foreign, sql, runId, rows, before, p: `${place}p`, c: `${place}c` };
  }

  const select = async (sql: string) => (await engine.query(sql)).rows;

  test("edited: another value, a key that was taken again, a unique value that was taken", async () => {
    const { runId, p, rows, unique } = await scene(
      "UPDATE @.p SET note = 'run' WHERE id = 1; DELETE FROM @.p WHERE id = 4; UPDATE @.p SET email = 'moved' WHERE id = 5",
      "UPDATE @.p SET note = 'newer' WHERE id = 1; INSERT INTO @.p VALUES (4, 'other', 'newer'); INSERT INTO @.p VALUES (9, 'mail5', 'newer')",
    );
    const now = await rows();
    const { plan } = await undo(engine, runId, "abort");
    expect(plan.conflicts).toEqual([
      { table: p, key: ["1"], class: "edited", detail: "changed since the run" },
      { table: p, key: ["4"], class: "edited", detail: "changed since the run" },
      {
        table: p,
        key: ["5"],
        class: "edited",
        detail: `its value in unique index ${unique} was taken since`,
      },
    ]);
    expect(plan.tables[p]).toEqual({ reverted: 0, already: 0, edited: 3, missing: 0, referenced: 0 });
    expect(await rows()).toEqual(now);
  });

  test("missing: the row was deleted since, or what it references was", async () => {
    const { runId, p, c, foreign } = await scene(
      "UPDATE @.p SET note = 'run' WHERE id = 3; DELETE FROM @.c WHERE id = 2",
      "DELETE FROM @.p WHERE id = 3; DELETE FROM @.p WHERE id = 2",
    );
    const { plan } = await undo(engine, runId, "abort");
    expect(plan.conflicts).toEqual([
      { table: p, key: ["3"], class: "missing", detail: "deleted since the run" },
      {
        table: c,
        key: ["2"],
        class: "missing",
        detail: `references a row of ${p} that was deleted since (${foreign})`,
      },
    ]);
  });

  test("referenced: a cascade never deletes a newer row", async () => {
    const { runId, p, c, rows, foreign } = await scene(
      "INSERT INTO @.p VALUES (7, 'new', 'run'), (8, 'new8', 'run')",
      "INSERT INTO @.c VALUES (70, 7)",
    );
    const { plan } = await undo(engine, runId, "skip");
    expect(plan.conflicts).toEqual([
      { table: p, key: ["7"], class: "referenced", detail: `rows of ${c} reference it (${foreign})` },
    ]);
    expect(plan.tables[p]).toEqual({ reverted: 1, already: 0, edited: 0, missing: 0, referenced: 1 });
    expect(await select(`SELECT id FROM ${p} WHERE id > 5`)).toEqual([{ id: 7 }]);
    expect(await select(`SELECT id FROM ${c} WHERE p = 7`)).toEqual([{ id: 70 }]);
    const forced = await undo(engine, runId, "force");
    expect(forced.plan.tables[p]!.referenced).toBe(1);
    expect((await rows())[1]).toHaveLength(3);
  });

  test("already: somebody put it back before", async () => {
    const { runId, p, rows, before } = await scene(
      "UPDATE @.p SET note = 'run' WHERE id = 3; DELETE FROM @.p WHERE id = 4; INSERT INTO @.p VALUES (6, 'x', 'run')",
      "UPDATE @.p SET note = 'old' WHERE id = 3; INSERT INTO @.p VALUES (4, 'mail4', 'old'); DELETE FROM @.p WHERE id = 6",
    );
    const { plan } = await undo(engine, runId);
    expect(plan.tables[p]).toEqual({ reverted: 0, already: 3, edited: 0, missing: 0, referenced: 0 });
    expect(await rows()).toEqual(before);
  });

  test("skip reverts the rest, force also what was edited or deleted since", async () => {
    const run = "UPDATE @.p SET note = 'run'; INSERT INTO @.p VALUES (6, 'new', 'run')";
    const others = "UPDATE @.p SET note = 'newer' WHERE id IN (1, 6); DELETE FROM @.p WHERE id = 5";
    const skipped = await scene(run, others);
    await undo(engine, skipped.runId, "skip");
    expect(await select(`SELECT id, note FROM ${skipped.p} ORDER BY id`)).toEqual([
      { id: 1, note: "newer" },
      { id: 2, note: "old" },
      { id: 3, note: "old" },
      { id: 4, note: "old" },
      { id: 6, note: "newer" },
    ]);
    const forced = await scene(run, others);
    const back = await undo(engine, forced.runId, "force");
    expect(back.plan.tables[forced.p]).toEqual({ reverted: 3, already: 0, edited: 2, missing: 1, referenced: 0 });
    expect(await forced.rows()).toEqual(forced.before);
    // What force overwrote is in its own journal: the rollback can be rolled back to the newer edits.
    await undo(engine, back.rollbackRunId);
    expect(await select(`SELECT id, note FROM ${forced.p} WHERE note = 'newer' ORDER BY id`)).toEqual([
      { id: 1, note: "newer" },
      { id: 6, note: "newer" },
    ]);
    expect(await select(`SELECT id FROM ${forced.p} WHERE id = 5`)).toEqual([]);
  });

  test("the plan's digest names what would be done: it differs with every class, and not with the time", async () => {
    const { runId, sql } = await scene("UPDATE @.p SET note = 'run'; INSERT INTO @.p VALUES (6, 'new', 'run')", "");
    const plan = async (policy: ConflictPolicy = "abort") => {
      const request = {
        runId,
        rollbackRunId: await startRun(engine, "rollback", runId),
        policy,
        catalog: await engine.catalog(),
      };
      return (await engine.transaction((tx) => engine.journal.plan(tx, request))).digest;
    };
    const first = await plan();
    expect(await plan()).toBe(first);
    expect(await plan("skip")).not.toBe(first);
    await engine.script(sql("UPDATE @.p SET note = 'newer' WHERE id = 2"));
    const edited = await plan();
    expect(edited).not.toBe(first);
    await engine.script(sql("UPDATE @.p SET note = 'run' WHERE id = 2; UPDATE @.p SET note = 'newer' WHERE id = 3"));
    expect([first, edited]).not.toContain(await plan());
  });

  test.runIf(fixture.stamp)("users' triggers stay silent while rows come back, and work again after", async () => {
    const { ddl, state, on } = fixture.stamp!;
    const { runId, p, rows, before } = await scene(
      "UPDATE @.p SET email = 'run' || id; DELETE FROM @.p WHERE id = 5",
      "",
      ddl,
    );
    await undo(engine, runId, "abort", 2);
    expect(await rows()).toEqual(before);
    await engine.query(`UPDATE ${p} SET email = 'after' WHERE id = 1`);
    expect(await select(`SELECT note FROM ${p} WHERE id = 1`)).toEqual([{ note: "stamped" }]);
    if (state) expect(await select(state(p))).toEqual([{ mode: on }]);
  });

  test.runIf(fixture.deferredCircle)("deferred constraints: a circle that only holds at the commit", async () => {
    const { runId, rows, before, sql } = await scene(
      "INSERT INTO @.a VALUES (1, 1), (2, 2); INSERT INTO @.b VALUES (1, 1), (2, 2)",
      "",
      fixture.deferredCircle,
    ).then(async (made) => {
      const again = await journaled(engine, [`${made.place}a`, `${made.place}b`], (tx) =>
        tx.script(made.sql("INSERT INTO @.a VALUES (3, 3), (4, 4); INSERT INTO @.b VALUES (3, 3), (4, 4)")),
      );
      return { ...made, runId: again };
    });
    const { plan, remaining } = await undo(engine, runId, "abort", 1);
    expect(plan.replay).toBe("reference-circle");
    expect(remaining).toBe(0);
    expect(await select(sql("SELECT id FROM @.a ORDER BY id"))).toEqual([{ id: 1 }, { id: 2 }]);
    expect(await rows()).toEqual(before);
  });

  describe("what changes between the plan and the step leaves the step unwritten", () => {
    const cases: readonly (readonly [what: string, run: string, meanwhile: string])[] = [
      ["an edited row", "UPDATE @.p SET note = 'run'", "UPDATE @.p SET note = 'newer' WHERE id = 3"],
      ["a deleted row", "UPDATE @.p SET note = 'run'", "DELETE FROM @.p WHERE id = 3"],
      [
        "an edited row that was to be deleted",
        "INSERT INTO @.p VALUES (6, 'x', 'run')",
        "UPDATE @.p SET note = 'newer' WHERE id = 6",
      ],
      ["a key that is taken again", "DELETE FROM @.p WHERE id > 3", "INSERT INTO @.p VALUES (4, 'newer', 'newer')"],
      ["a unique value that is taken", "DELETE FROM @.p WHERE id > 3", "INSERT INTO @.p VALUES (99, 'mail4', 'newer')"],
      ["a newer reference with a cascade", "INSERT INTO @.p VALUES (6, 'x', 'run')", "INSERT INTO @.c VALUES (60, 6)"],
      ["a parent that is deleted", "DELETE FROM @.c", "DELETE FROM @.p WHERE id = 1"],
      [
        "a lasting reference without one",
        "INSERT INTO @.p VALUES (6, 'x', 'run')",
        "CREATE TABLE @.n (p int REFERENCES @.p); INSERT INTO @.n VALUES (6)",
      ],
    ];
    test.each(cases)("%s", async (_, run, meanwhile) => {
      const { runId, sql, rows } = await scene(run, "");
      const rollbackRunId = await startRun(engine, "rollback", runId);
      const request: UndoRequest = { runId, rollbackRunId, policy: "abort", catalog: await engine.catalog() };
      const plan = await engine.transaction((tx) => engine.journal.plan(tx, request));
      expect(plan.conflictCount).toBe(0);
      await engine.script(sql(meanwhile));
      const now = await rows();
      const step = engine.transaction(async (tx) => {
        await engine.journal.begin(tx, rollbackRunId);
        await engine.journal.revert(tx, request, { phase: 0, seq: "0" }, 1_000);
      });
      await expect(step).rejects.toMatchObject({ code: "CHANGED_MEANWHILE", exit: 1, status: 409 });
      expect(await rows()).toEqual(now);
      expect(await engine.journal.rows(engine, rollbackRunId)).toBe(0);
    });
  });

  test.runIf(fixture.inheritance)("a table that shares rows by inheritance is refused by name", async () => {
    await engine.script(fixture.inheritance!);
    await expect(journaled(engine, ["elder"], async () => {})).rejects.toMatchObject({ code: "TABLE_INHERITS" });
    await expect(journaled(engine, ["heir"], async () => {})).rejects.toMatchObject({ code: "TABLE_INHERITS" });
  });

  test("a primary key that is another one since the run is refused", async () => {
    const { runId, sql } = await scene("UPDATE @.c SET p = 3", fixture.otherKey);
    await expect(undo(engine, runId)).rejects.toMatchObject({ code: "SCHEMA_CHANGED" });
    expect(await select(sql("SELECT DISTINCT p FROM @.c"))).toEqual([{ p: 3 }]);
  });

  test("a trigger that somebody switched off is on again before the next run writes", async () => {
    const { p, rows, before } = await scene("SELECT 1", "SELECT 1");
    await fixture.disableCapture(engine, p);
    const runId = await journaled(engine, [], (tx) => tx.script(`UPDATE ${p} SET note = 'run'`));
    expect(await engine.journal.rows(engine, runId)).toBe(5);
    await undo(engine, runId);
    expect(await rows()).toEqual(before);
  });
});
