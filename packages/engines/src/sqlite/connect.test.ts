import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openSqlite } from "./connect.ts";
import { sqlitePath } from "./sqlite-path.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "runback-sqlite-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

test.each([
  ["sqlite:///srv/a.db", "/srv/a.db"],
  ["sqlite://a/b.db", join(process.cwd(), "a/b.db")],
  ["sqlite:///srv/with%20blank.db", "/srv/with blank.db"],
])("%s", (url, path) => {
  expect(sqlitePath(url)).toBe(path);
});

test.each([
  "sqlite::memory:",
  "sqlite://:memory:",
  "sqlite:///:memory:",
  "sqlite://",
  "sqlite:///srv/",
  "sqlite:///a.db?mode=memory",
  "sqlite:///a%00.db",
  "sqlite:///a%zz.db",
])("%s is refused", (url) => {
  expect(() => sqlitePath(url)).toThrow(expect.objectContaining({ code: "TARGET_URL_INVALID" }));
});

test("integers are exact in both directions, and nothing is read as another type", async () => {
  const engine = openSqlite(`sqlite://${folder}/values.db`);
  await engine.script("CREATE TABLE v (x)");
  for (const value of [1, 0.5, true, "9007199254740993", null, "1"])
    await engine.query("INSERT INTO v VALUES ($1)", [value]);
  await engine.query("INSERT INTO v VALUES (9223372036854775807), (x'00ff')");
  const { rows } = await engine.query("SELECT x, typeof(x) AS type FROM v");
  expect(rows).toEqual([
    { x: 1, type: "integer" },
    { x: 0.5, type: "real" },
    { x: 1, type: "integer" },
    { x: "9007199254740993", type: "text" },
    { x: null, type: "null" },
    { x: "1", type: "text" },
    { x: "9223372036854775807", type: "integer" },
    { x: Buffer.from([0, 255]), type: "blob" },
  ]);
  await engine.close();
});

test("a writer that waits for another does not stop its process, and says so after its time", async () => {
  const [one, two] = [openSqlite(`sqlite://${folder}/wait.db`), openSqlite(`sqlite://${folder}/wait.db`)];
  await one.script("CREATE TABLE t (x)");
  const { promise, resolve } = Promise.withResolvers<void>();
  const first = one.transaction(async (tx) => {
    await tx.query("INSERT INTO t VALUES (1)");
    await promise;
  });
  const late = two.transaction((tx) => tx.query("INSERT INTO t VALUES (2)"), { lockTimeoutMs: 100 });
  await expect(late).rejects.toMatchObject({ code: "LOCK_TIMEOUT" });
  // Readers see what was there before, and wait for nobody.
  expect((await two.transaction((tx) => tx.query("SELECT x FROM t"), { readOnly: true })).count).toBe(0);
  const patient = two.transaction((tx) => tx.query("INSERT INTO t VALUES (3)"));
  resolve();
  await first;
  await patient;
  expect((await one.query("SELECT x FROM t ORDER BY x")).rows).toEqual([{ x: 1 }, { x: 3 }]);
  await one.close();
  await two.close();
});

test("a read-only transaction sees one moment and writes nothing", async () => {
  const engine = openSqlite(`sqlite://${folder}/snapshot.db`);
  await engine.script("CREATE TABLE t (x)");
  const seen = await engine.transaction(
    async (tx) => {
      const before = (await tx.query("SELECT x FROM t")).count;
      await engine.script("INSERT INTO t VALUES (1)");
      await expect(tx.query("INSERT INTO t VALUES (2)")).rejects.toThrow("readonly");
      return [before, (await tx.query("SELECT x FROM t")).count];
    },
    { readOnly: true, isolation: "snapshot" },
  );
  expect(seen).toEqual([0, 0]);
  expect((await engine.query("SELECT x FROM t")).count).toBe(1);
  await engine.close();
});

test("what SQLite rolled back itself is over: nothing after it is written alone", async () => {
  const engine = openSqlite(`sqlite://${folder}/over.db`);
  await engine.script("CREATE TABLE t (x UNIQUE)");
  const work = engine.transaction(async (tx) => {
    await tx.query("INSERT INTO t VALUES (1)");
    await tx.query("INSERT OR ROLLBACK INTO t VALUES (1)").catch(() => {});
    await tx.query("INSERT INTO t VALUES (2)");
  });
  await expect(work).rejects.toThrow("the transaction is over");
  expect((await engine.query("SELECT x FROM t")).count).toBe(0);
  await engine.close();
});

test("a file that is no database is refused with what to do", async () => {
  const engine = openSqlite(`sqlite://${folder}`);
  await expect(engine.query("SELECT 1")).rejects.toMatchObject({ code: "TARGET_UNREACHABLE" });
  await engine.close();
});

test("the same ids as PostgreSQL derives", async () => {
  const engine = openSqlite(`sqlite://${folder}/ids.db`);
  const ids = await engine.query<{ a: string; b: string }>(
    `SELECT ${engine.dialect.uuidFrom("membership|Member|", "'1000042'")} AS a, ${engine.dialect.uuidFrom("x|", "'AB-7'")} AS b`,
  );
  // From PostgreSQL's own dialect.
  expect(ids.rows).toEqual([{ a: "0000000f-426a-8e02-a1da-3de81457f998", b: "01f831b4-683b-89c0-ad51-e64105e35cf5" }]);
  await engine.close();
});
