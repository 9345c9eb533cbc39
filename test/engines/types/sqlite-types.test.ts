import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { freshTarget, type TestTarget } from "../../support/engines.ts";
import { bytesOf, journaled, undo } from "../../support/journaled.ts";
import { placing } from "../../support/spell.ts";
import { nameCases } from "./names.ts";

/** One of each storage class, and those that naive copies lose. */
const values = [
  ...["0", "1", "-1", "9223372036854775807", "-9223372036854775807 - 1", "9007199254740993", "1e300"],
  ...["0.0", "-0.0", "1.0", "0.1", "0.30000000000000004", "5e-324", "1.7976931348623157e308", "9e999", "-9e999"],
  ...["9007199254740993.0", "1e18", "''", "'0'", "'1'", "'1.0'", "'1e3'", "' 1 '", "'text'", "'Text'", "'ünï 🎈'"],
  ...["'a' || char(0) || 'b'", "char(0)", "CAST(x'ff41' AS text)", "CAST(x'c3' AS text)", "'it''s \"quoted\"'"],
  ...["x''", "x'00'", "x'00ff'", "x'31'", "CAST('text' AS blob)", "randomblob(5000)", "NULL", "'2026-03-29 01:59:59'"],
];

/** Declared types are hints (affinities) in an ordinary table, and rules in a STRICT one. */
const loose = [
  "",
  "INTEGER",
  "INT8",
  "REAL",
  "NUMERIC(10,2)",
  "TEXT",
  "VARCHAR(5)",
  "BLOB",
  "BOOLEAN",
  "DATETIME",
  "JSON",
];
const strict: Readonly<Record<string, (value: string) => string>> = {
  INTEGER: (value) => `CASE WHEN typeof(${value}) IN ('integer', 'null') THEN ${value} ELSE 7 END`,
  REAL: (value) => `CASE WHEN typeof(${value}) IN ('integer', 'real', 'null') THEN ${value} ELSE 0.5 END`,
  TEXT: (value) => `CASE WHEN typeof(${value}) IN ('text', 'null') THEN ${value} ELSE 'x' END`,
  BLOB: (value) => `CASE WHEN typeof(${value}) IN ('blob', 'null') THEN ${value} ELSE x'01' END`,
  ANY: (value) => value,
};

describe("types on sqlite", () => {
  let target: TestTarget;
  beforeAll(async () => {
    target = await freshTarget("sqlite");
  });
  afterAll(async () => {
    await target[Symbol.asyncDispose]();
  });

  let schemas = 0;
  /** Change → undo → byte-equal → undo of the undo → byte-equal to the change. */
  async function roundTrip(name: string, setup: string, change: string): Promise<void> {
    const { engine } = target;
    const prefix = `t${++schemas}`;
    const sql = placing("sqlite", prefix);
    const table = `${prefix}_${name}`;
    await engine.script(sql(setup));
    const before = await bytesOf(engine, table);
    const runId = await journaled(engine, [table], (tx) => tx.script(sql(change)));
    const after = await bytesOf(engine, table);
    expect(after).not.toEqual(before);
    const back = await undo(engine, runId, "abort", 7);
    expect(back.plan.conflicts).toEqual([]);
    expect(await bytesOf(engine, table)).toEqual(before);
    expect(back.remaining).toBe(0);
    const forth = await undo(engine, back.rollbackRunId);
    expect(forth.plan.conflicts).toEqual([]);
    expect(await bytesOf(engine, table)).toEqual(after);
    const again = await undo(engine, back.rollbackRunId);
    expect(Object.values(again.plan.tables).map((counts) => counts.reverted)).toEqual([0]);
  }

  const change = `UPDATE @.t SET w = v, v = (SELECT v FROM @.vals WHERE n = id % ${values.length} + 1) WHERE id < 1000;
    DELETE FROM @.t WHERE id >= 1000; INSERT INTO @.t SELECT 2000 + n, v, NULL FROM @.vals`;
  const filled = (type: string, more: string, spelled: (value: string) => string) => `
    CREATE TABLE @.vals (n INTEGER PRIMARY KEY, v ${type})${more.replace("WITHOUT ROWID", "").replace(/^ ,|, *$/, "")};
    ${values.map((value) => `INSERT INTO @.vals (v) VALUES (${spelled(value)});`).join("\n")}
    CREATE TABLE @.t (id int PRIMARY KEY, v ${type}, w ${type})${more};
    INSERT INTO @.t SELECT n, v, NULL FROM @.vals UNION ALL SELECT 1000 + n, v, v FROM @.vals`;

  test.each(loose)("a column declared %j", (type) =>
    roundTrip(
      "t",
      filled(type, "", (value) => value),
      change,
    ),
  );

  test.each(Object.keys(strict))("a STRICT column %s", (type) =>
    roundTrip("t", filled(type, " STRICT", strict[type]!).replaceAll("id int ", "id INTEGER "), change),
  );

  test("WITHOUT ROWID", () =>
    roundTrip(
      "t",
      filled("", " WITHOUT ROWID", (value) => value),
      change,
    ));

  const keys: readonly (readonly [string, string, readonly string[]])[] = [
    ["INTEGER (the rowid)", "INTEGER PRIMARY KEY", ["1", "-2", "9223372036854775807", "4", "5", "6"]],
    ["INT", "INT PRIMARY KEY", ["1", "-2", "9223372036854775807", "4", "5", "6"]],
    ["no type", "PRIMARY KEY", ["1", "'1'", "x'31'", "1.5", "'1.5'", "x''"]],
    ["REAL", "REAL PRIMARY KEY", ["0.1", "0.30000000000000004", "5e-324", "9e999", "1", "-1"]],
    ["BLOB", "BLOB PRIMARY KEY", ["x''", "x'00'", "x'0000'", "x'ff'", "randomblob(100)", "x'31'"]],
    ["TEXT", "TEXT PRIMARY KEY", ["''", "'a'", "'A'", "'a' || char(0)", "'ä'", "'1'"]],
    ["TEXT COLLATE NOCASE", "TEXT COLLATE NOCASE PRIMARY KEY", ["'a'", "'b'", "'c'", "'d'", "'e'", "'f'"]],
  ];
  const keyed = (type: string, more: string, [a, b, c]: readonly string[]) =>
    `CREATE TABLE @.t (k ${type} NOT NULL, v text)${more}; INSERT INTO @.t VALUES (${a}, 'a'), (${b}, 'b'), (${c}, 'c')`;
  const keyChange = ([, , , d, e, f]: readonly string[]) =>
    `UPDATE @.t SET v = 'x' WHERE v = 'a'; DELETE FROM @.t WHERE v = 'b';
     INSERT INTO @.t VALUES (${d}, 'd'), (${e}, 'e'); UPDATE @.t SET k = ${f} WHERE v = 'c'; UPDATE @.t SET v = 'y' WHERE v = 'c'`;

  test.each(keys)("%s as primary key", (_, type, list) => roundTrip("t", keyed(type, "", list), keyChange(list)));
  test.each(keys)("%s as primary key, WITHOUT ROWID", (_, type, list) =>
    roundTrip("t", keyed(type, " WITHOUT ROWID", list), keyChange(list)),
  );

  test.each([
    ["letter case under NOCASE", "TEXT COLLATE NOCASE PRIMARY KEY", "'key'", "'KEY'"],
    ["an integer and a real", "PRIMARY KEY", "1", "1.0"],
  ])("a key changed to an equal one of other bytes: %s", (_, type, left, right) =>
    roundTrip(
      "t",
      `CREATE TABLE @.t (k ${type} NOT NULL, v text); INSERT INTO @.t VALUES (${left}, 'a'), ('other', 'b')`,
      `UPDATE @.t SET k = ${right} WHERE v = 'a'; UPDATE @.t SET v = 'z' WHERE v = 'a'`,
    ),
  );

  const replaced = `CREATE TABLE @.t (id INTEGER PRIMARY KEY, u UNIQUE, email TEXT, live, a, b, UNIQUE (a, b));
    CREATE UNIQUE INDEX @.t_email ON @.t (lower(email), /* an expression, */ length(email)) WHERE live;
    INSERT INTO @.t VALUES (1, 'a', 'A@x', 1, 1, 1), (2, 'b', 'b@x', 1, 1, 2), (3, 'c', 'C@x', 0, 2, 1), (4, 'd', 'd@x', 1, 2, 2)`;
  test.each([
    ["the same key", "REPLACE INTO @.t VALUES (1, 'a', 'A@x', 1, 9, 9)"],
    ["another row's unique value", "REPLACE INTO @.t VALUES (9, 'a', 'n@x', 1, 9, 9)"],
    ["a key and two unique values of three rows", "REPLACE INTO @.t VALUES (1, 'b', 'n@x', 1, 2, 1)"],
    ["an expression under a predicate", "REPLACE INTO @.t VALUES (9, 'n', 'a@X', 1, 9, 9)"],
    ["an expression outside its predicate", "REPLACE INTO @.t VALUES (9, 'n', 'c@X', 1, 9, 9)"],
    ["a row number that the database gives", "REPLACE INTO @.t (u, email, live) VALUES ('a', 'n@x', 1)"],
    ["UPDATE OR REPLACE", "UPDATE OR REPLACE @.t SET u = 'a', a = 2, b = 1 WHERE id = 4"],
    ["UPDATE OR REPLACE of a key", "UPDATE OR REPLACE @.t SET id = 2 WHERE id = 4"],
    [
      "IGNORE leaves what is there, and what comes next is seen",
      "INSERT OR IGNORE INTO @.t VALUES (1, 'a', '', 1, 9, 9); DELETE FROM @.t WHERE id = 1; INSERT INTO @.t VALUES (1, 'z', 'z', 1, 8, 8)",
    ],
    [
      "an upsert that updates the row it met",
      "INSERT INTO @.t VALUES (7, 'a', 'q', 1, 9, 9) ON CONFLICT (u) DO UPDATE SET email = excluded.email, id = 77",
    ],
  ])("REPLACE: %s", (_, statement) => roundTrip("t", replaced.replace("INDEX @.t_email", "INDEX @.email"), statement));

  test.each([true, false])("REPLACE in a program with recursive_triggers %s is journaled once", async (recursive) => {
    const { engine } = target;
    const prefix = `t${++schemas}`;
    const sql = placing("sqlite", prefix);
    await engine.script(sql(replaced.replace("INDEX @.t_email", "INDEX @.email")));
    const before = await bytesOf(engine, `${prefix}_t`);
    await engine.script(`PRAGMA recursive_triggers = ${recursive ? 1 : 0}`);
    const runId = await journaled(engine, [`${prefix}_t`], (tx) =>
      tx.script(sql("REPLACE INTO @.t VALUES (1, 'b', 'n@x', 1, 2, 1)")),
    );
    await engine.script("PRAGMA recursive_triggers = 0");
    expect(await engine.journal.rows(engine, runId)).toBe(3);
    const { plan } = await undo(engine, runId);
    expect(plan.conflictCount).toBe(0);
    expect(await bytesOf(engine, `${prefix}_t`)).toEqual(before);
  });

  test("generated columns, stored and virtual, with a unique index on one", () =>
    roundTrip(
      "t",
      `CREATE TABLE @.t (id INTEGER PRIMARY KEY, email TEXT, low TEXT GENERATED ALWAYS AS (lower(email)) STORED,
         twice AS (n * 2), n); CREATE UNIQUE INDEX @.low ON @.t (low);
       INSERT INTO @.t (email, n) VALUES ('A@x', 1), ('b@X', 2), ('c', NULL)`,
      "REPLACE INTO @.t (id, email, n) VALUES (9, 'a@X', 5); UPDATE @.t SET n = 7 WHERE id = 2; DELETE FROM @.t WHERE id = 3",
    ));

  test.each(nameCases.filter(({ ddl }) => !/IDENTITY|E'|Tables\.of/.test(ddl)))("names: $what", (each) =>
    roundTrip(each.table.slice(2).replaceAll('"', ""), `${each.ddl}; ${each.rows}`, each.change),
  );

  test("a table that was rebuilt since, as SQLite does most changes: known by its name, and enrolled again", async () => {
    const { engine } = target;
    await engine.script(`CREATE TABLE club (id INTEGER PRIMARY KEY, name TEXT, old TEXT);
      CREATE TABLE member (id INTEGER PRIMARY KEY, club INTEGER REFERENCES club ON DELETE CASCADE);
      INSERT INTO club VALUES (1, 'a', 'x'), (2, 'b', 'y'); INSERT INTO member VALUES (1, 1), (2, 2)`);
    const runId = await journaled(engine, ["club", "member"], (tx) =>
      tx.script("UPDATE club SET name = 'run'; DELETE FROM member WHERE id = 2"),
    );
    await engine.script("PRAGMA foreign_keys = 0");
    await engine.script(`CREATE TABLE club_new (id INTEGER PRIMARY KEY, city TEXT DEFAULT 'here', name TEXT, old TEXT CHECK (old <> ''));
      INSERT INTO club_new (id, name, old) SELECT id, name, old FROM club; DROP TABLE club; ALTER TABLE club_new RENAME TO club`);
    await engine.script("PRAGMA foreign_keys = 1");
    expect((await engine.query("PRAGMA foreign_key_check")).count).toBe(0);
    const back = await undo(engine, runId);
    expect(back.plan.conflicts).toEqual([]);
    expect((await engine.query("SELECT * FROM club")).rows).toEqual([
      { id: 1, city: "here", name: "a", old: "x" },
      { id: 2, city: "here", name: "b", old: "y" },
    ]);
    expect((await engine.query("SELECT id FROM member")).count).toBe(2);
    await undo(engine, back.rollbackRunId);
    expect((await engine.query("SELECT DISTINCT name FROM club")).rows).toEqual([{ name: "run" }]);
    // A column that went, and another of its type and place: never taken for a renamed one.
    await engine.script("PRAGMA foreign_keys = 0");
    await engine.script(`CREATE TABLE club_new (id INTEGER PRIMARY KEY, city TEXT, name TEXT, other TEXT);
      INSERT INTO club_new SELECT * FROM club; DROP TABLE club; ALTER TABLE club_new RENAME TO club`);
    await engine.script("PRAGMA foreign_keys = 1");
    await expect(undo(engine, runId)).rejects.toMatchObject({ code: "SCHEMA_CHANGED" });
  });

  test("NULL in a key: such a table is not enrolled, and such a row not written while a run is named", async () => {
    const { engine } = target;
    await engine.script("CREATE TABLE nulls (k TEXT PRIMARY KEY, v); INSERT INTO nulls VALUES (NULL, 1), (NULL, 2)");
    await expect(journaled(engine, ["nulls"], async () => {})).rejects.toMatchObject({ code: "TABLE_WITHOUT_KEY" });
    await engine.script("DELETE FROM nulls");
    const write = journaled(engine, ["nulls"], (tx) => tx.script("INSERT INTO nulls VALUES (NULL, 3)"));
    await expect(write).rejects.toMatchObject({ code: "RB003" });
    await engine.script("INSERT INTO nulls VALUES (NULL, 4)");
    expect((await engine.query("SELECT v FROM nulls")).rows).toEqual([{ v: 4 }]);
  });
});
