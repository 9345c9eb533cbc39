import type { Engine, Value } from "@runback/core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { freshTarget, type TestTarget } from "../support/engines.ts";
import { type DataApiTarget, freshDataApi } from "./fresh-data-api.ts";

const values = [
  "NULL::text",
  "''",
  "'a\"b\\c\n\t😀'",
  "repeat('ä', 70000)",
  "1::int2",
  "-2147483648",
  "9223372036854775807",
  "0.1::float8",
  "'Infinity'::float8",
  "1.10::numeric",
  "1e30::numeric",
  "'NaN'::numeric",
  "true",
  "false",
  '\'{"a": [1, null, "x"], "n": 12}\'::jsonb',
  "'\"text\"'::json",
  "'2026-01-15 14:30:00.123456+02'::timestamptz",
  "'2026-01-15 14:30:00+00'::timestamptz",
  "'-infinity'::timestamptz",
  "'0044-03-15 BC'::timestamptz",
  "'2026-01-15 14:30:00.5'::timestamp",
  "'2026-01-15'::date",
  "'14:30:00.25'::time",
  "'\\x00ff10'::bytea",
  "''::bytea",
  "'7d444840-9dc0-41d8-94a1-7c6f0b1e2d3a'::uuid",
  "'x'::name",
  "'ab'::char(5)",
  "'ab'::varchar(5)",
  "'10.0.0.1'::inet",
  "'ok'::mood",
  "'a'::mood_text",
] as const;

// A function of the server's, not the service's: the other drivers are the measure.
describe("results are those of the other engines", () => {
  let postgres: TestTarget;
  let service: DataApiTarget;
  const both = async <T>(work: (engine: Engine) => Promise<T>) => [
    await work(service.engine),
    await work(postgres.engine),
  ];
  beforeAll(async () => {
    postgres = await freshTarget("postgres");
    service = await freshDataApi();
    await both((engine) =>
      engine.script(
        `CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE DOMAIN mood_text AS text;
         CREATE TABLE kept (id int GENERATED ALWAYS AS IDENTITY, big bigint, label text, done boolean, at timestamptz, doc jsonb, amount numeric)`,
      ),
    );
  });
  afterAll(async () => {
    await service[Symbol.asyncDispose]();
    await postgres[Symbol.asyncDispose]();
  });

  test.each(values)("%s", async (value) => {
    const [there, here] = await both((engine) => engine.query(`SELECT ${value} AS v`));
    expect(there).toEqual(here);
  });

  test("of no rows, of no columns, and of columns whose names need quotes", async () => {
    for (const sql of [
      "SELECT 1 AS x WHERE false",
      "SELECT",
      "SELECT FROM generate_series(1, 3)",
      `SELECT 1 AS "a b", 2 AS "c""d"`,
      "SELECT n FROM generate_series(5, 1, -1) n ORDER BY n DESC",
    ]) {
      const [there, here] = await both((engine) => engine.query(sql));
      expect(there, sql).toEqual(here);
    }
  });

  test("of values that go there and back", async () => {
    const params: Value[] = [
      "9007199254740993",
      "it's :p1 $1 ?",
      true,
      "2026-01-15T14:30:00.123456Z",
      '{"a":1}',
      "1.10",
      null,
    ];
    const sql = `SELECT $1::bigint AS big, $2::text AS label, $3::boolean AS done, $4::timestamptz AS at, $5::jsonb AS doc,
      $6::numeric AS amount, $7::int AS none, $2::text = 'it''s :p1 $1 ?' AS same`;
    const [there, here] = await both((engine) => engine.query(sql, params));
    expect(there).toEqual(here);
    const [added, also] = await both((engine) =>
      engine.query(
        `INSERT INTO kept (big, label, done, at, doc, amount)
         VALUES ($1::bigint, $2, $3, $4::timestamptz, $5::jsonb, $6::numeric) RETURNING id, big, label, done, at, doc, amount`,
        params.slice(0, 6),
      ),
    );
    expect(added).toEqual(also);
  });

  test("of statements that change rows: their count", async () => {
    for (const sql of [
      "INSERT INTO kept (label) VALUES ('x'), ('y')",
      "UPDATE kept SET done = true WHERE label = 'x'",
      "DELETE FROM kept WHERE label = 'y'",
    ]) {
      const [there, here] = await both((engine) => engine.query(sql));
      expect(there, sql).toEqual(here);
    }
  });

  test("of a script: quotes, bodies of functions and comments stay whole", async () => {
    const script = `
      -- a comment; with a semicolon
      CREATE FUNCTION twice(n int) RETURNS int LANGUAGE plpgsql AS $body$
      DECLARE r int := n * 2; /* ; */ BEGIN RETURN r; -- ' ;
      END $body$;
      CREATE TABLE "semi;colon" (v text DEFAULT 'a;b'':p1');
      INSERT INTO "semi;colon" DEFAULT VALUES; ${" ".repeat(70_000)}`;
    await both((engine) => engine.script(script));
    const [there, here] = await both((engine) => engine.query(`SELECT v, twice(21) AS n FROM "semi;colon"`));
    expect(there).toEqual(here);
  });

  test("errors carry the state, and the constraint, but not the row", async () => {
    await both((engine) => engine.script("CREATE TABLE person (email text CONSTRAINT one_each PRIMARY KEY)"));
    await both((engine) => engine.query("INSERT INTO person VALUES ('ann@example.org')"));
    const failed = await both((engine) =>
      engine.query("INSERT INTO person VALUES ('ann@example.org')").catch((error: unknown) => error),
    );
    for (const error of failed) expect(error).toMatchObject({ code: "23505", constraint_name: "one_each" });
    expect(String((failed[0] as Error).message)).toBe(String((failed[1] as Error).message));
    const position = await service.engine.query("SELECT nothing").catch((error: unknown) => error);
    expect(position).toMatchObject({ code: "42703", message: 'column "nothing" does not exist' });
  });

  test("rows loaded in bulk are what COPY would have made of them", async () => {
    const rows = [
      ["1", "plain", "1.50", "{a,NULL}", "2026-01-15 14:30:00+00", '{"k":"v"}', "ab"],
      ["2", 'quote " back \\ slash , { } NULL', null, "{}", null, "null", "a"],
      ["3", "NULL", "1e5", '{"x y"}', "infinity", '"s"', null],
      ["4", " lead and trail ", "0", "{}", "2026-01-15 14:30:00+00", "[]", ""],
      ["5", "", "0", "{}", "2026-01-15 14:30:00+00", "[]", ""],
    ];
    const loaded = await both(async (engine) => {
      await engine.script(
        `CREATE TABLE bulk (id int GENERATED ALWAYS AS IDENTITY, t text, n numeric(10,2), a text[], z timestamptz, j json, c char(3))`,
      );
      const stream = async function* () {
        yield* rows;
      };
      const count = await engine.transaction((tx) =>
        tx.load({ schema: "public", name: "bulk" }, ["id", "t", "n", "a", "z", "j", "c"], stream()),
      );
      return [
        count,
        (await engine.query("SELECT id, t, n, a::text AS a, z, j::text AS j, c FROM bulk ORDER BY id")).rows,
      ];
    });
    expect(loaded[0]).toEqual(loaded[1]);
    expect(loaded[0]![0]).toBe(5);
  });

  test("a value too long for its column is refused as COPY refuses it, not cut", async () => {
    const { engine } = service;
    await engine.script("CREATE TABLE narrow (v varchar(3))");
    const stream = async function* () {
      yield ["four"];
    };
    const loading = engine.transaction((tx) => tx.load({ schema: "public", name: "narrow" }, ["v"], stream()));
    await expect(loading).rejects.toMatchObject({ code: "22001" });
  });
});
