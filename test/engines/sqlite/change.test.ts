import { type Connection, type Engine, findTable } from "@runback/core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { freshTarget, type TestTarget } from "../../support/engines.ts";
import { bytesOf, startRun, undo } from "../../support/journaled.ts";

const rows = "INSERT INTO t (id, v, note) VALUES (1, 'a', 'x'), (2, 'b', NULL), (3, 'a', 'out'), (4, 'other', 'z')";
const plain = `CREATE TABLE t (id bigint PRIMARY KEY, v text NOT NULL, note text, made varchar(20)); ${rows}`;

// The images of all rows in one statement, without the table's triggers, where nothing else changes its rows; by the triggers
// elsewhere. Either way the run can be taken back, with what it did before and after in the same transaction.
describe("changes in sets on sqlite", () => {
  let target: TestTarget;
  let engine: Engine;
  beforeAll(async () => {
    target = await freshTarget("sqlite");
    engine = target.engine;
  });
  afterAll(async () => {
    await target?.[Symbol.asyncDispose]();
  });

  const triggers = async (connection: Connection) => {
    const found = await connection.query<{ name: string }>(
      "SELECT name FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = 't' ORDER BY name",
    );
    return found.rows.map(({ name }) => name);
  };

  /** A run of its own over a fresh table: writes, fills, writes again. */
  async function filled(ddl: string, before = "", after = ""): Promise<{ runId: string; narrow: boolean }> {
    await engine.script("DROP TABLE IF EXISTS t; DELETE FROM runback_journal");
    await engine.script(ddl);
    const runId = await startRun(engine, "exec");
    const table = findTable(await engine.catalog(), "t")!;
    await engine.transaction((tx) => engine.journal.enroll(tx, [table]));
    const captured = await triggers(engine);
    await engine.transaction(async (tx) => {
      await engine.journal.begin(tx, runId);
      if (before !== "") await tx.script(before);
      const value = "CASE t.v WHEN 'a' THEN 'alpha' WHEN 'b' THEN 'beta' END";
      const where = "t.made IS NULL AND t.id <> $1";
      expect(await engine.journal.fill(tx, runId, { table, column: "made", value, where, params: [3] })).toBe(2);
      if (after !== "") await tx.script(after);
    });
    expect(await triggers(engine)).toEqual(captured);
    const found = await engine.query("SELECT 1 FROM runback_journal WHERE only IS NOT NULL");
    return { runId, narrow: found.count > 0 };
  }

  async function backAndForth(runId: string, before: unknown): Promise<void> {
    const after = await bytesOf(engine, "t");
    expect(after).not.toEqual(before);
    const back = await undo(engine, runId);
    expect(back).toMatchObject({ remaining: 0, plan: { conflicts: [] } });
    expect(await bytesOf(engine, "t")).toEqual(before);
    expect(await undo(engine, back.rollbackRunId)).toMatchObject({ remaining: 0, plan: { conflicts: [] } });
    expect(await bytesOf(engine, "t")).toEqual(after);
  }

  async function bytesBefore(ddl: string) {
    await engine.script("DROP TABLE IF EXISTS t");
    await engine.script(ddl);
    return await bytesOf(engine, "t");
  }

  test("without the triggers, between other writes of the same run", async () => {
    const before = await bytesBefore(plain);
    const { runId, narrow } = await filled(
      plain,
      "UPDATE t SET note = 'first' WHERE id = 1",
      "UPDATE t SET note = 'last', made = 'gamma' WHERE id = 2; UPDATE t SET note = 'alone' WHERE id = 4",
    );
    expect(narrow).toBe(true);
    expect((await engine.query("SELECT * FROM t ORDER BY id")).rows).toEqual([
      { id: 1, v: "a", note: "first", made: "alpha" },
      { id: 2, v: "b", note: "last", made: "gamma" },
      { id: 3, v: "a", note: "out", made: null },
      { id: 4, v: "other", note: "alone", made: null },
    ]);
    await backAndForth(runId, before);
  });

  test("rows edited since are conflicts, in the filled column and in the others; rows put back are not", async () => {
    const { runId, narrow } = await filled(plain);
    expect(narrow).toBe(true);
    await engine.script("UPDATE t SET note = 'edited' WHERE id = 1");
    const { plan } = await undo(engine, runId, "skip");
    expect(plan.tables.t).toMatchObject({ edited: 1, reverted: 1 });
  });

  test("a filled row that is deleted, and comes again with the same key, in the same run", async () => {
    const before = await bytesBefore(plain);
    const { runId } = await filled(plain, "", "DELETE FROM t WHERE id = 1; INSERT INTO t (id, v) VALUES (1, 'new')");
    await backAndForth(runId, before);
  });

  test.each([
    [
      "a trigger of others",
      `${plain}; CREATE TRIGGER o AFTER UPDATE ON t BEGIN UPDATE t SET note = 'seen' WHERE id = NEW.id; END`,
    ],
    ["a unique index on it", `${plain}; CREATE UNIQUE INDEX u ON t (made, id)`],
    ["a unique index over an expression", `${plain}; CREATE UNIQUE INDEX u ON t (lower(made), id)`],
    ["another affinity", plain.replace("varchar(20)", "numeric")],
    ["no affinity", plain.replace("varchar(20)", "")],
  ])("by the triggers where there is %s", async (_, ddl) => {
    const before = await bytesBefore(ddl);
    const { runId, narrow } = await filled(ddl);
    expect(narrow).toBe(false);
    await backAndForth(runId, before);
  });

  test("several columns of text, with NULL among the values", async () => {
    await engine.script("DROP TABLE IF EXISTS t; DELETE FROM runback_journal");
    await engine.script(plain);
    const before = await bytesOf(engine, "t");
    const runId = await startRun(engine, "exec");
    const table = findTable(await engine.catalog(), "t")!;
    await engine.transaction((tx) => engine.journal.enroll(tx, [table]));
    const captured = await triggers(engine);
    await engine.transaction(async (tx) => {
      await engine.journal.begin(tx, runId);
      const set = [
        { column: "made", value: "t.v" },
        { column: "note", value: "CASE t.id WHEN 1 THEN NULL ELSE $2 END" },
      ];
      expect(await engine.journal.change(tx, runId, { table, set, where: "t.id <= $1", params: [2, 7] })).toBe(2);
      await tx.script("UPDATE t SET note = 'more' WHERE id IN (1, 3)");
    });
    expect(await triggers(engine)).toEqual(captured);
    expect((await engine.query("SELECT 1 FROM runback_journal")).count).toBe(4);
    expect((await engine.query("SELECT id, note, typeof(note) AS type, made FROM t ORDER BY id LIMIT 3")).rows).toEqual(
      [
        { id: 1, note: "more", type: "text", made: "a" },
        { id: 2, note: "7", type: "text", made: "b" },
        { id: 3, note: "more", type: "text", made: null },
      ],
    );
    await backAndForth(runId, before);
  });

  test("a run that is over writes nothing", async () => {
    const { runId } = await filled(plain);
    await engine.transaction((tx) => engine.store.updateRun(tx, runId, { state: "completed" }));
    const table = findTable(await engine.catalog(), "t")!;
    const request = { table, column: "made", value: "'late'", where: "t.id = $1", params: [3] };
    await expect(engine.transaction((tx) => engine.journal.fill(tx, runId, request))).rejects.toThrow(/not running/);
    expect((await engine.query("SELECT made FROM t WHERE id = 3")).rows).toEqual([{ made: null }]);
  });
});
