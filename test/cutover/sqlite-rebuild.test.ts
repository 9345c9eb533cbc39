import { type Engine, findTable } from "@runback/core";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { freshSqlite } from "../support/engines.ts";
import { bytesOf, journaled, undo } from "../support/journaled.ts";
import { skippedEngines } from "../support/skipped.ts";

describe.runIf(!skippedEngines.includes("sqlite"))("a table that SQLite rebuilds for NOT NULL", () => {
  let target: Awaited<ReturnType<typeof freshSqlite>>;
  let db: Engine;

  beforeEach(async () => {
    target = await freshSqlite();
    db = target.engine;
  });

  afterEach(async () => {
    await target?.[Symbol.asyncDispose]();
  });

  const setNullable = (table: string, column: string, nullable: boolean) =>
    db.reshape.transaction(async (tx) => {
      await db.reshape.setNullable(tx, findTable(await db.catalog(tx), table)!, column, nullable);
    }, 1_000);
  const schema = async () =>
    (
      await db.query<{ sql: string }>(
        "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'runback%' AND name NOT LIKE 'sqlite%' AND tbl_name NOT LIKE 'runback%' ORDER BY type, name",
      )
    ).rows.map(({ sql }) => sql.replace(/\s+/g, " ").replace(/^CREATE TABLE "(\w+)"/, "CREATE TABLE $1"));

  const shapes: readonly (readonly [string, string, readonly string[]])[] = [
    [
      "AUTOINCREMENT, whose position is above every id that is there",
      "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, v TEXT)",
      ["INSERT INTO t (v) VALUES ('a'), ('b'), ('c')", "DELETE FROM t WHERE id = 3"],
    ],
    [
      "rowids that no column stands for",
      "CREATE TABLE t (id TEXT PRIMARY KEY, v TEXT)",
      ["INSERT INTO t (rowid, id, v) VALUES (-5, 'x', 'a'), (700, 'y', 'b')"],
    ],
    [
      "columns called like rowids",
      "CREATE TABLE t (rowid TEXT PRIMARY KEY, _rowid_ INT, v TEXT)",
      ["INSERT INTO t (oid, rowid, _rowid_, v) VALUES (9, 'x', 1, 'a')"],
    ],
    [
      "STRICT and WITHOUT ROWID",
      "CREATE TABLE t (id TEXT, part INT, v TEXT, PRIMARY KEY (id, part DESC)) STRICT, WITHOUT ROWID",
      ["INSERT INTO t VALUES ('x', 1, 'a'), ('x', 2, 'b')"],
    ],
    [
      "generated columns, collations, defaults and values of every storage class",
      `CREATE TABLE t (id INTEGER PRIMARY KEY, "the name" TEXT COLLATE NOCASE DEFAULT 'it''s, (odd)' UNIQUE, v, n NUMERIC, twice INT GENERATED ALWAYS AS (id * 2) STORED, thrice AS (id * 3))`,
      [
        "INSERT INTO t (id, \"the name\", v, n) VALUES (1, 'A', x'00ff', 1.0), (2, 'b', 1e300, '007'), (3, 'C', '', 9007199254740993), (4, NULL, -0.0, 'x')",
      ],
    ],
    [
      "rows from before a CHECK",
      "CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT, n INT CHECK (n > 0))",
      [
        "PRAGMA ignore_check_constraints = 1",
        "INSERT INTO t VALUES (1, 'a', -1)",
        "PRAGMA ignore_check_constraints = 0",
      ],
    ],
    [
      "indexes, partial and on expressions, triggers, views, and what ANALYZE found",
      "CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT, w TEXT)",
      [
        "CREATE TABLE seen (n INTEGER PRIMARY KEY, what TEXT)",
        "CREATE INDEX one ON t (v) WHERE w IS NOT NULL",
        "CREATE UNIQUE INDEX two ON t (lower(v), w DESC)",
        "CREATE VIEW shown AS SELECT id, v FROM t WHERE w = 'x'",
        "CREATE VIEW above AS SELECT * FROM shown",
        "CREATE TRIGGER first AFTER UPDATE ON t BEGIN INSERT INTO seen (what) VALUES ('first'); END",
        "CREATE TRIGGER second AFTER UPDATE ON t BEGIN INSERT INTO seen (what) VALUES ('second'); END",
        "CREATE TRIGGER through INSTEAD OF INSERT ON shown BEGIN INSERT INTO t (v, w) VALUES (NEW.v, 'x'); END",
        "CREATE TRIGGER other AFTER INSERT ON seen BEGIN UPDATE t SET w = NEW.what WHERE v = 'never'; END",
        "INSERT INTO t VALUES (1, 'a', 'x'), (2, 'b', NULL)",
        "ANALYZE",
      ],
    ],
    [
      "children that would be deleted with it, a reference to itself, and rows that lead nowhere",
      "CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT, up INT REFERENCES t(id) ON DELETE CASCADE)",
      [
        "CREATE TABLE child (id INTEGER PRIMARY KEY, t INT REFERENCES t ON DELETE CASCADE ON UPDATE CASCADE)",
        "INSERT INTO t VALUES (1, 'a', NULL), (2, 'b', 1)",
        "INSERT INTO child VALUES (1, 1), (2, 2)",
        "PRAGMA foreign_keys = 0",
        "INSERT INTO child VALUES (3, 99)",
        "PRAGMA foreign_keys = 1",
      ],
    ],
  ];

  test.each(shapes)("keeps %s", async (_, create, statements) => {
    await db.script(create);
    for (const statement of statements) await db.script(statement);
    const tables = (await db.catalog()).tables.map((table) => table.name);
    const contents = async () => {
      const all: unknown[] = [];
      for (const table of tables) all.push(await bytesOf(db, table));
      for (const extra of ["sqlite_sequence", "sqlite_stat1"])
        all.push((await db.query(`SELECT * FROM ${extra} ORDER BY 1, 2`).catch(() => ({ rows: [] }))).rows);
      if (!create.includes("WITHOUT"))
        all.push(
          (await db.query(`SELECT ${create.includes("_rowid_") ? "oid" : "rowid"} AS r FROM t ORDER BY 1`)).rows,
        );
      return all;
    };
    const integrity = async () => (await db.query("PRAGMA integrity_check")).rows;
    const [before, texts, sound] = [await contents(), await schema(), await integrity()];
    await setNullable("t", "v", false);
    expect(await contents()).toEqual(before);
    const now = await schema();
    expect(now).not.toEqual(texts);
    expect(now.map((text) => text.replace(/ NOT NULL(?=[,) ]|$)/, ""))).toEqual(
      texts.map((text) => text.replace(/ NOT NULL(?=[,) ]|$)/, "")),
    );
    await expect(db.script("UPDATE t SET v = NULL")).rejects.toMatchObject({ code: "23502" });
    expect(await integrity()).toEqual(sound);
    expect((await db.query("PRAGMA foreign_keys")).rows).toEqual([{ foreign_keys: 1 }]);
    await setNullable("t", "v", true);
    expect((await schema()).map((text) => text.replace(/ ([,)])/g, "$1"))).toEqual(texts);
    expect(await contents()).toEqual(before);
  });

  test("triggers are called in the order they were called in", async () => {
    await db.script(
      "CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT); CREATE TABLE seen (n INTEGER PRIMARY KEY, what TEXT)",
    );
    for (const name of ["a", "c", "b"])
      await db.script(`CREATE TRIGGER ${name} AFTER UPDATE ON t BEGIN INSERT INTO seen (what) VALUES ('${name}'); END`);
    await db.script("INSERT INTO t VALUES (1, 'x'); UPDATE t SET v = 'y'");
    await setNullable("t", "v", false);
    await db.script("UPDATE t SET v = 'z'");
    const said = (await db.query<{ what: string }>("SELECT what FROM seen ORDER BY n")).rows.map(({ what }) => what);
    expect(said.slice(3)).toEqual(said.slice(0, 3));
  });

  test("what a rebuild would change besides is refused, with nothing changed", async () => {
    await db.script("CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT, n INT CHECK (t.n > 0))");
    await db.script("INSERT INTO t VALUES (1, 'a', 1)");
    const before = [await schema(), await bytesOf(db, "t")];
    await expect(setNullable("t", "v", false)).rejects.toMatchObject({ code: "COLUMN_NOT_REDEFINED" });
    expect([await schema(), await bytesOf(db, "t")]).toEqual(before);
    await db.script("UPDATE t SET v = NULL");
  });

  test("a journaled table stays journaled, and its earlier runs can be taken back", async () => {
    await db.script("CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT); INSERT INTO t VALUES (1, 'a')");
    const run = await journaled(db, ["t"], async (tx) => {
      await tx.query("UPDATE t SET v = 'b'");
    });
    await setNullable("t", "v", false);
    const captured = (
      await db.query<{ n: number }>(
        "SELECT count(*) AS n FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = 't' AND name LIKE 'runback%'",
      )
    ).rows[0]!.n;
    expect(captured).toBe(5);
    expect((await undo(db, run)).remaining).toBe(0);
    expect(await bytesOf(db, "t")).toHaveLength(1);
  });

  test("a trigger made after the table was enrolled, that changes the row again, is taken back with it", async () => {
    await db.script("CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT, w TEXT); INSERT INTO t VALUES (1, 'a', 'a')");
    await journaled(db, ["t"], async () => {});
    await db.script("CREATE TRIGGER late AFTER UPDATE OF v ON t BEGIN UPDATE t SET w = NEW.v WHERE id = NEW.id; END");
    const before = await bytesOf(db, "t");
    const run = await journaled(db, ["t"], async (tx) => {
      await tx.query("UPDATE t SET v = 'b'");
    });
    expect((await db.query("SELECT v, w FROM t")).rows).toEqual([{ v: "b", w: "b" }]);
    const undone = await undo(db, run);
    expect(undone.plan.conflictCount).toBe(0);
    expect(await bytesOf(db, "t")).toEqual(before);
    // And that again: the rollback made the user's trigger anew.
    const { plan } = await undo(db, undone.rollbackRunId);
    expect(plan.conflictCount).toBe(0);
    expect((await db.query("SELECT v, w FROM t")).rows).toEqual([{ v: "b", w: "b" }]);
  });
});
