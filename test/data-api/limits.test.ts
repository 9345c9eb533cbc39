import type { Engine } from "@runback/core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type DataApiTarget, freshDataApi } from "./fresh-data-api.ts";

describe("limits of the service", () => {
  let target: DataApiTarget;
  let engine: Engine;
  beforeAll(async () => {
    target = await freshDataApi();
    engine = target.engine;
  });
  afterAll(() => target[Symbol.asyncDispose]());

  test.each([
    ["rows of 64 KiB and more", "SELECT n, repeat('ä', 50000 * n) AS v FROM generate_series(1, 5) n"],
    ["an answer of 3 MB in small rows", "SELECT n, md5(n::text) AS v FROM generate_series(1, 60000) n ORDER BY n DESC"],
    ["4-byte characters, each escaped or not", "SELECT n, repeat('😀\"\\', 9000) AS v FROM generate_series(1, 60) n"],
  ])("%s arrive whole and in order", async (_, sql) => {
    const direct = await target.db.query<{ n: string; v: string }>(sql);
    const { rows, count } = await engine.query<{ n: number; v: string }>(sql);
    expect(count).toBe(direct.rows.length);
    expect(rows.map(({ n, v }) => [n, v])).toEqual(direct.rows.map(({ n, v }) => [Number(n), v]));
  });

  test("two results that need a cursor in one transaction", async () => {
    const sql = "SELECT n, md5(n::text) AS v FROM generate_series(1, 20000) n";
    const [one, two] = await engine.transaction(async (tx) => [await tx.query(sql), await tx.query(sql)]);
    expect(one.count).toBe(20_000);
    expect(two).toEqual(one);
  });

  test("a FETCH of more than an answer holds", async () => {
    await engine.transaction(async (tx) => {
      await tx.script(
        "DECLARE many NO SCROLL CURSOR FOR SELECT n, repeat('x', 1000) AS v FROM generate_series(1, 5000) n",
      );
      expect((await tx.query("FETCH 3000 FROM many")).rows.at(-1)).toMatchObject({ n: 3000 });
      expect((await tx.query("FETCH 3000 FROM many")).count).toBe(2000);
      expect((await tx.query("FETCH 3000 FROM many")).count).toBe(0);
      await tx.script("CLOSE many");
    });
  });

  test("a statement that changes rows and returns too many of them is refused, and undone", async () => {
    await engine.script("CREATE TABLE wide (n int, v text)");
    const adding = engine.query(
      "INSERT INTO wide SELECT n, repeat('x', 1000) FROM generate_series(1, 2000) n RETURNING v",
    );
    await expect(adding).rejects.toMatchObject({ code: "RESULT_TOO_LARGE" });
    expect((await engine.query("SELECT FROM wide")).count).toBe(0);
  });

  test("a type the service does not pass on is an error that says so", async () => {
    await expect(engine.query("SELECT 'pg_class'::regclass AS v")).rejects.toMatchObject({
      code: "RESULT_UNSUPPORTED",
    });
    expect((await engine.query("SELECT 'pg_class'::regclass::text AS v")).rows).toEqual([{ v: "pg_class" }]);
  });

  test("a request of more than 4 MiB is refused before it is sent", async () => {
    const value = "x".repeat(4 * 1024 * 1024);
    await expect(engine.query("SELECT length($1) AS n", [value])).rejects.toMatchObject({ code: "REQUEST_TOO_LARGE" });
    expect((await engine.query("SELECT length($1) AS n", [value.slice(100_000)])).rows).toEqual([{ n: 4_094_304 }]);
  });

  test("a statement of more than 65,536 characters is refused, a script is not", async () => {
    const long = `SELECT ${" ".repeat(66_000)} 1 AS one`;
    await expect(engine.query(long)).rejects.toMatchObject({ code: "REQUEST_TOO_LARGE" });
    await engine.script(long);
  });

  test("rows of a load beyond 4 MiB go in several requests, and one of 2 MB goes alone", async () => {
    await engine.script("CREATE TABLE loaded (v text)");
    const rows = async function* () {
      for (let n = 0; n < 3_000; n++) yield ["\u0001".repeat(n === 7 ? 300_000 : 500)];
    };
    await engine.transaction((tx) => tx.load({ schema: "public", name: "loaded" }, ["v"], rows()));
    const { rows: sums } = await engine.query(
      "SELECT count(*)::int AS rows, sum(length(v))::int AS characters FROM loaded",
    );
    expect(sums).toEqual([{ rows: 3_000, characters: 2_999 * 500 + 300_000 }]);
  });

  test("a transaction that is silent for three minutes, or older than 24 hours, is over", async () => {
    await engine.script("CREATE TABLE slow (n int)");
    const silent = engine.transaction(async (tx) => {
      await tx.query("INSERT INTO slow VALUES (1)");
      await target.pass(3 * 60_000);
      await tx.query("INSERT INTO slow VALUES (2)");
    });
    await expect(silent).rejects.toMatchObject({ code: "TRANSACTION_EXPIRED" });
    const long = engine.transaction(async (tx) => {
      for (let minutes = 0; minutes <= 24 * 60; minutes += 2.9) {
        await tx.query("INSERT INTO slow VALUES (1)");
        await target.pass(2.9 * 60_000);
      }
    });
    await expect(long).rejects.toMatchObject({ code: "TRANSACTION_EXPIRED" });
    expect((await engine.query("SELECT FROM slow")).count).toBe(0);
  });

  test("nothing of a session is left for the next transaction", async () => {
    await engine.transaction(async (tx) => {
      await tx.script("SET search_path = nowhere; SET lock_timeout = '7s'");
      expect((await tx.query("SELECT current_setting('lock_timeout') AS v")).rows).toEqual([{ v: "7s" }]);
    });
    expect((await engine.query("SELECT current_setting('lock_timeout') AS v")).rows).toEqual([{ v: "0" }]);
  });

  test("statements of one transaction that are given at once run one after the other", async () => {
    const answers = await engine.transaction((tx) =>
      Promise.all(Array.from({ length: 8 }, (_, n) => tx.query<{ n: number }>("SELECT $1::int AS n", [n]))),
    );
    expect(answers.map(({ rows }) => rows[0]!.n)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });

  test("a savepoint undoes its own work alone", async () => {
    await engine.script("CREATE TABLE saved (n int PRIMARY KEY)");
    await engine.transaction(async (tx) => {
      await tx.query("INSERT INTO saved VALUES (1)");
      const again = tx.savepoint((inner) => inner.query("INSERT INTO saved VALUES (2), (1)"));
      await expect(again).rejects.toMatchObject({ code: "23505" });
      await tx.savepoint((inner) => inner.query("INSERT INTO saved VALUES (3)"));
    });
    expect((await engine.query("SELECT n FROM saved ORDER BY n")).rows).toEqual([{ n: 1 }, { n: 3 }]);
  });
});
