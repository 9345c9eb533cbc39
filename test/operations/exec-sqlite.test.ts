import { existsSync } from "node:fs";
import { type Engine, silentLogger } from "@runback/core";
import { openSqlite } from "@runback/engines";
import { auditVerify, type Context, type ExecOptions, runExec, runRollback } from "@runback/operations";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { freshSqlite } from "../support/engines.ts";
import { bytesOf, startRun } from "../support/journaled.ts";
import { type OpenStore, STORES } from "../vault/stores.ts";
import { auditTable } from "./support.ts";

/** Another build of SQLite than Node's, usually years older. */
const shell = ["/usr/bin/sqlite3", "/usr/local/bin/sqlite3"].find(existsSync);

const schema = `
  CREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT, score REAL, raw BLOB, anything);
  CREATE TABLE visit (id INTEGER PRIMARY KEY, person INTEGER REFERENCES person ON DELETE CASCADE, note TEXT UNIQUE);
  WITH RECURSIVE series(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM series WHERE n < 200)
  INSERT INTO person SELECT n, 'P' || n, n + 0.1, x'00ff', CASE n % 3 WHEN 0 THEN n WHEN 1 THEN 'a' || char(0) ELSE NULL END FROM series;
  INSERT INTO visit (person, note) SELECT id, 'n' || id FROM person;`;

const changes = `UPDATE person SET name = upper(name) || '!', score = score * 1.1 WHERE id <= 50;
  DELETE FROM visit WHERE person > 190; DELETE FROM person WHERE id > 190; INSERT INTO person (id, name) VALUES (1000, 'new');
  REPLACE INTO visit (id, person, note) VALUES (1, 2, 'n3'); INSERT INTO visit (person, note) VALUES (5, 'n4') ON CONFLICT (note) DO UPDATE SET person = 6;`;

describe("exec on sqlite", () => {
  let target: Awaited<ReturnType<typeof freshSqlite>>;
  let store: OpenStore;
  let context: Context;
  let engine: Engine;
  beforeEach(async () => {
    target = await freshSqlite();
    engine = target.engine;
    store = await STORES[0]!.open();
    await engine.script(schema);
    context = {
      engine,
      vault: store.vault,
      clock: store.clock,
      logger: silentLogger,
      holder: "tests:1",
      isDead: () => false,
    };
  });
  afterEach(async () => {
    await target[Symbol.asyncDispose]();
    await store.close();
  });

  const options = (command: string, args: readonly string[], more: Partial<ExecOptions> = {}): ExecOptions => ({
    command,
    args,
    operator: "ada",
    auditTable,
    targetUrl: target.url,
    env: process.env,
    stdio: "ignore",
    ...more,
  });
  const node = (script: string) =>
    options(process.execPath, [
      "--input-type=module",
      "-e",
      `import { DatabaseSync } from "node:sqlite"; const db = new DatabaseSync(process.env.RUNBACK_DATABASE_FILE, { timeout: 5000 });\n${script}`,
    ]);
  const bytes = async () => [await bytesOf(engine, "person"), await bytesOf(engine, "visit")];
  const rollBack = (runId: string) => runRollback(context, { runId, operator: "bob", onConflict: "abort", auditTable });
  const marked = async () => (await engine.query("SELECT run FROM runback_marker")).count;

  test.runIf(shell)(
    "an older SQLite that knows nothing of Runback is journaled, and taken back byte for byte",
    async () => {
      const before = await bytes();
      const result = await runExec(
        context,
        options("/bin/sh", ["-c", `exec ${shell} -bail "$RUNBACK_DATABASE_FILE" "$0"`, changes]),
      );
      // 50 updated, 10 + 10 deleted, 1 inserted, a visit replaced and the one in its way, a visit updated.
      expect(result).toMatchObject({ exitCode: 0, rows: 74, tables: ["person", "visit"], notJournaled: [] });
      expect(await bytes()).not.toEqual(before);
      expect(await rollBack(result.runId)).toMatchObject({ planned: 74, classes: { reverted: 74 }, verified: true });
      expect(await bytes()).toEqual(before);
      expect((await auditVerify(context, auditTable)).ok).toBe(true);
    },
  );

  test("a program with two sessions and its own transactions is journaled and taken back", async () => {
    const before = await bytes();
    const result = await runExec(
      context,
      node(`const other = new DatabaseSync(process.env.RUNBACK_DATABASE_FILE, { timeout: 5000 });
        db.exec("BEGIN; UPDATE person SET name = 'x' WHERE id < 10; COMMIT");
        other.exec("DELETE FROM person WHERE id = 20");
        db.exec("BEGIN; DELETE FROM person; ROLLBACK");`),
    );
    expect(result).toMatchObject({ exitCode: 0, rows: 9 + 2 });
    expect(await marked()).toBe(0);
    expect(await rollBack(result.runId)).toMatchObject({ classes: { reverted: 11 } });
    expect(await bytes()).toEqual(before);
  });

  test("a program that fails leaves a failed run, which is taken back", async () => {
    const before = await bytes();
    const result = await runExec(context, node(`db.exec("DELETE FROM person WHERE id < 20"); process.exit(37);`));
    expect(result).toMatchObject({ exitCode: 37, rows: 38 });
    expect(await marked()).toBe(0);
    expect((await engine.store.run(engine, result.runId))?.state).toBe("failed");
    await rollBack(result.runId);
    expect(await bytes()).toEqual(before);
  });

  test("a program that cannot be started leaves no window", async () => {
    await expect(runExec(context, options("/nowhere/program", []))).rejects.toMatchObject({
      code: "PROGRAM_NOT_STARTED",
    });
    expect(await marked()).toBe(0);
    await engine.script("DELETE FROM visit WHERE id = 1");
    expect((await engine.query("SELECT ord FROM runback_journal")).count).toBe(0);
  });

  test("whoever writes while the program runs writes for its run", async () => {
    const other = openSqlite(target.url);
    const running = runExec(
      context,
      // Waits for the other writer's row, and deletes it.
      node(`while (db.prepare("SELECT id FROM person WHERE id = 5000").all().length === 0) await new Promise((r) => setTimeout(r, 5));
        db.exec("UPDATE person SET name = 'seen' WHERE id = 5000");`),
    );
    while ((await marked()) === 0) await new Promise((resolve) => setImmediate(resolve));
    await other.script("INSERT INTO person (id, name) VALUES (5000, 'other'), (5001, 'other')");
    await other.close();
    expect(await running).toMatchObject({ exitCode: 0, rows: 2 });
  });

  test("two programs at once are told apart by nothing, so the second is refused", async () => {
    const first = await engine.transaction(async (tx) => {
      const runId = "run-20260101-000000-aaaaaa";
      const lease = await engine.store.acquireLease(tx, { name: "exec", runId, holder: "x", ttlMs: 60_000 });
      await engine.store.createRun(tx, {
        runId,
        kind: "exec",
        mode: "live",
        migration: "exec",
        operator: "ada",
        startedAt: new Date().toISOString(),
      });
      await engine.journal.openWindow!(tx, runId);
      return lease!;
    });
    const second = () => runExec(context, node(`db.exec("DELETE FROM visit")`));
    await expect(second()).rejects.toMatchObject({ code: "LEASE_HELD" });
    expect((await engine.query("SELECT id FROM visit")).count).toBe(200);
    // Its Runback died: once its lease is over, the window is nobody's.
    await engine.transaction((tx) => engine.store.releaseLease(tx, first));
    expect(await second()).toMatchObject({ exitCode: 0, rows: 200 });
  });

  test("a window whose Runback died goes on journaling until somebody takes the run back", async () => {
    const runId = await startRun(engine, "exec");
    await engine.transaction(async (tx) => {
      await engine.store.acquireLease(tx, { name: "migration:test", runId, holder: "x", ttlMs: -1 });
      await engine.journal.enroll(tx, (await engine.catalog(tx)).tables);
      await engine.journal.openWindow!(tx, runId);
    });
    const before = await bytes();
    await engine.script("UPDATE person SET name = 'late' WHERE id = 7");
    expect(await rollBack(runId)).toMatchObject({ classes: { reverted: 1 } });
    expect(await bytes()).toEqual(before);
    expect(await marked()).toBe(0);
  });
});
