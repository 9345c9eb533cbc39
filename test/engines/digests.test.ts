import { type Engine, findTable, type TableDigest } from "@runback/core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { engineNames, freshTarget, type TestTarget } from "../support/engines.ts";
import { spell } from "../support/spell.ts";

const rows = 2_000;

// Types whose OIDs differ from database to database, beside built-in ones.
const ddl = `
CREATE TYPE mood AS ENUM ('sad', 'glad'); CREATE TYPE pair AS (a numeric, b text); CREATE DOMAIN short AS char(4);
CREATE TABLE content (id uuid PRIMARY KEY, n numeric, at timestamptz, m mood, p pair[], s short, j json, r regtype, note text);
INSERT INTO content SELECT md5(g::text)::uuid, g / 7.0, '2026-01-01'::timestamptz + g * interval '1 hour 1 microsecond',
  CASE WHEN g % 2 = 0 THEN 'sad'::mood END, ARRAY[ROW(g, 'x')::pair], 's' || g % 90, '{"b": 1,  "a": 2}', 'mood', 'note ' || g
FROM generate_series(1, ${rows}) g`;

const changes = [
  "note = note || ' '",
  "n = n::numeric(30, 25)",
  "at = at + interval '1 microsecond'",
  "m = CASE m WHEN 'sad' THEN 'glad' ELSE 'sad' END::mood",
  "s = 'zz'",
  `j = '{"b": 1, "a": 2}'`,
  "p = '{}'",
  "note = NULL",
];

// Any value may be in any column: the same number in another storage class is another content.
const sqliteDdl = `
CREATE TABLE content (id text PRIMARY KEY NOT NULL, n, r real, b blob, note text, doubled AS (n || n));
WITH RECURSIVE series(g) AS (SELECT 1 UNION ALL SELECT g + 1 FROM series WHERE g < ${rows})
INSERT INTO content SELECT lower(printf('%08x-0000-4000-8000-%08x%04x', g * 2654435761 % 4294967296, g, g * 40503 % 65536)),
  CASE g % 3 WHEN 0 THEN g WHEN 1 THEN g / 7.0 ELSE 'n' || g END, g / 3.0, CAST('b' || g AS blob), 'note ' || g FROM series`;
const sqliteChanges = [
  "note = note || ' '",
  "n = CASE typeof(n) WHEN 'integer' THEN CAST(n AS text) ELSE x'00' END",
  "r = r + 1e-12",
  "b = CAST(b AS text)",
  "n = x'' || n",
  "note = note || char(0) || 'hidden'",
  "note = NULL",
];

describe.each(engineNames)("digests on %s", (name) => {
  let target: TestTarget;
  let engine: Engine;
  let before: TableDigest;
  beforeAll(async () => {
    target = await freshTarget(name);
    engine = target.engine;
    await engine.script(name === "sqlite" ? sqliteDdl : ddl);
    before = await digest(engine);
  });
  afterAll(async () => {
    await target[Symbol.asyncDispose]();
  });

  async function digest(of: Engine, settings = ""): Promise<TableDigest> {
    const catalog = await of.catalog();
    return await of.transaction(async (tx) => {
      if (settings !== "") await tx.script(settings);
      return await of.digests(tx, findTable(catalog, "content")!);
    });
  }

  /** The leaves that a change moves; the change is undone. */
  async function moved(change: string): Promise<number[]> {
    const undone = new Error("undone");
    let after: TableDigest | undefined;
    const catalog = await engine.catalog();
    const work = engine.transaction(async (tx) => {
      await tx.script(change);
      after = await engine.digests(tx, findTable(catalog, "content")!);
      throw undone;
    });
    await expect(work).rejects.toBe(undone);
    expect(after!.sha256).not.toBe(before.sha256);
    const text = (digest: TableDigest) =>
      new Map(digest.leaves.map((leaf) => [leaf.leaf, `${leaf.rows} ${leaf.sha256}`]));
    const [was, is] = [text(before), text(after!)];
    return Array.from({ length: 256 }, (_, leaf) => leaf).filter((leaf) => was.get(leaf) !== is.get(leaf));
  }
  const leafOf = (id: string) => Number.parseInt(id.slice(-2), 16);
  const someRow = async (at: number) =>
    (
      await engine.query<{ id: string }>(
        spell(name, "SELECT id::text FROM content ORDER BY id LIMIT 1 OFFSET $1::int"),
        [at],
      )
    ).rows[0]!.id;

  test("rows and leaves add up", () => {
    expect(before.rows).toBe(rows);
    expect(before.leaves.reduce((sum, leaf) => sum + leaf.rows, 0)).toBe(rows);
    expect(new Set(before.leaves.map((leaf) => leaf.leaf)).size).toBe(before.leaves.length);
  });

  test("a changed row moves its leaf alone, whatever column changes and however little", async () => {
    const id = await someRow(700);
    for (const set of name === "sqlite" ? sqliteChanges : changes) {
      expect(await moved(`UPDATE content SET ${set} WHERE id = '${id}'`), set).toEqual([leafOf(id)]);
    }
  });

  test("a missing, an extra and a moved row move their leaves", async () => {
    const id = await someRow(1_200);
    expect(await moved(`DELETE FROM content WHERE id = '${id}'`)).toEqual([leafOf(id)]);
    expect(await moved("INSERT INTO content (id) VALUES ('00000000-0000-0000-0000-0000000000ab')")).toEqual([0xab]);
    const leaves = [leafOf(id), 0xcd].sort((a, b) => a - b);
    expect(await moved(`UPDATE content SET id = '00000000-0000-0000-0000-0000000000cd' WHERE id = '${id}'`)).toEqual(
      leaves,
    );
  });

  test("the content of two rows swapped moves both leaves, also within one leaf", async () => {
    const [a, b] = [await someRow(100), await someRow(1_900)];
    const swap = (x: string, y: string) =>
      `UPDATE content AS t SET note = o.note FROM content o WHERE t.id IN ('${x}', '${y}') AND o.id IN ('${x}', '${y}') AND o.id <> t.id`;
    expect(await moved(swap(a, b))).toEqual([leafOf(a), leafOf(b)].sort((x, y) => x - y));
    const twins = await engine.query<{ id: string }>(
      spell(name, "SELECT id::text FROM content WHERE substr(id::text, 35, 2) = '7f' ORDER BY id LIMIT 2"),
    );
    const [first, second] = twins.rows.map((row) => row.id) as [string, string];
    expect(leafOf(first)).toBe(leafOf(second));
    expect(await moved(swap(first, second))).toEqual([leafOf(first)]);
  });

  test.runIf(name === "sqlite")("the same content in another file, whose rows lie otherwise", async () => {
    await using other = await freshTarget("sqlite");
    await other.engine.script(`PRAGMA page_size = 512`);
    await other.engine.script(
      sqliteDdl
        .replace("PRIMARY KEY NOT NULL", "NOT NULL")
        .replace("(n || n))", "(n || n), PRIMARY KEY (id)) WITHOUT ROWID"),
    );
    expect(await digest(other.engine)).toEqual(before);
  });

  test.skipIf(name === "sqlite")(
    "the same content in another database, where types have other OIDs, in any session",
    async () => {
      await using other = await freshTarget(name === "postgres" ? "pglite" : "postgres");
      await other.engine.script("CREATE TYPE taken AS ENUM ('oid'); CREATE TYPE taken2 AS (x int)");
      await other.engine.script(ddl);
      await other.engine.script(
        "CREATE TABLE reordered AS SELECT * FROM content ORDER BY note; TRUNCATE content; INSERT INTO content SELECT * FROM reordered",
      );
      const oids = "SELECT 'mood'::regtype::oid::text AS oid";
      expect((await other.engine.query(oids)).rows).not.toEqual((await engine.query(oids)).rows);
      const settings =
        "SET LOCAL TimeZone = 'Asia/Kolkata'; SET LOCAL DateStyle = 'German'; SET LOCAL extra_float_digits = -15";
      expect(await digest(other.engine, settings)).toEqual(before);
    },
  );
});
