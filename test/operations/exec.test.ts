import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { silentLogger } from "@runback/core";
import { openPostgres } from "@runback/engines";
import { auditVerify, type Context, type ExecOptions, runExec, runRollback } from "@runback/operations";
import postgres from "postgres";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createDatabase, type TestDatabase } from "../support/database.ts";
import { bytesOf } from "../support/journaled.ts";
import { type OpenStore, STORES } from "../vault/stores.ts";
import { auditTable, testContext } from "./support.ts";

const psql = ["/usr/bin/psql", "/usr/local/bin/psql"].find(existsSync);
const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

const schema = `
  CREATE TYPE mood AS ENUM ('sad', 'ok');
  CREATE TABLE person (id int PRIMARY KEY, name text, score numeric, seen timestamptz, raw bytea, tags text[], mood mood);
  CREATE TABLE visit (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, person int REFERENCES person ON DELETE CASCADE, note json);
  INSERT INTO person SELECT n, 'P' || n, n + 0.50, '2026-01-01 00:00:00.123456+00', '\\x00ff', ARRAY['a', NULL], 'ok' FROM generate_series(1, 200) n;
  INSERT INTO visit (person, note) SELECT n, '{"b": 1,  "a":2}' FROM generate_series(1, 200) n;`;

describe("exec", () => {
  let database: TestDatabase;
  let store: OpenStore;
  let context: Context;
  beforeEach(async () => {
    database = await createDatabase();
    store = await STORES[0]!.open();
    const engine = openPostgres(database.url);
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
    await context.engine.close();
    await database.drop();
    await store.close();
  });

  const options = (command: string, args: readonly string[], more: Partial<ExecOptions> = {}): ExecOptions => ({
    command,
    args,
    operator: "ada",
    auditTable,
    targetUrl: database.url,
    env: process.env,
    stdio: "ignore",
    ...more,
  });
  const node = (script: string, more: Partial<ExecOptions> = {}) =>
    options(process.execPath, ["--input-type=module", "-e", script], { cwd: here("."), ...more });
  const bytes = async () => [await bytesOf(context.engine, "person"), await bytesOf(context.engine, "visit")];
  const actions = async () =>
    (
      await context.engine.query<{ action: string; metadata: Record<string, unknown> }>(
        'SELECT action, metadata FROM runback.audit ORDER BY "createdAt"',
      )
    ).rows;
  const rollBack = (runId: string) => runRollback(context, { runId, operator: "bob", onConflict: "abort", auditTable });

  const changes = `UPDATE person SET name = upper(name), score = score * 1.10, seen = now() WHERE id <= 50;
    DELETE FROM person WHERE id > 190; INSERT INTO person (id, name) VALUES (1000, 'new'); UPDATE visit SET note = '{}' WHERE id <= 5`;

  test.runIf(psql)("psql is journaled by its URL, and by PGOPTIONS alone, and taken back byte for byte", async () => {
    const before = await bytes();
    for (const byUrl of [true, false]) {
      const parts = new URL(database.url);
      const connection = byUrl
        ? ["-c", 'exec "$0" "$DATABASE_URL" -v ON_ERROR_STOP=1 -c "$1"']
        : ["-c", 'exec "$0" -v ON_ERROR_STOP=1 -c "$1"'];
      const result = await runExec(
        context,
        options("/bin/sh", [...connection, psql!, changes], {
          env: {
            ...process.env,
            PGHOST: parts.hostname,
            PGPORT: parts.port,
            PGUSER: decodeURIComponent(parts.username),
            PGPASSWORD: decodeURIComponent(parts.password),
            PGDATABASE: parts.pathname.slice(1),
            PGOPTIONS: "-c statement_timeout=30s",
          },
        }),
      );
      // 50 updated, 10 deleted, their 10 visits with them, 1 inserted, 5 visits updated.
      expect(result).toMatchObject({
        exitCode: 0,
        signal: null,
        rows: 76,
        tables: ["person", "visit"],
        notJournaled: [],
      });
      expect(await bytes()).not.toEqual(before);
      const back = await rollBack(result.runId);
      expect(back).toMatchObject({ planned: 76, classes: { reverted: 76 }, verified: true });
      expect(await bytes()).toEqual(before);
    }
    expect((await auditVerify(context, auditTable)).ok).toBe(true);
  });

  test("a Node program with several sessions of postgres.js is journaled and taken back", async () => {
    const before = await bytes();
    const result = await runExec(
      context,
      node(`
        import postgres from "postgres";
        const sql = postgres(process.env.DATABASE_URL, { max: 3 });
        await Promise.all([1, 2, 3, 4, 5, 6].map((n) => sql.begin(async (tx) => {
          await tx\`UPDATE person SET name = \${"n" + n} WHERE id BETWEEN \${n * 10} AND \${n * 10 + 4}\`;
          await tx\`INSERT INTO visit (person, note) VALUES (\${n}, '{"x": 1.50}')\`;
        })));
        await sql.end();`),
    );
    expect(result).toMatchObject({ exitCode: 0, rows: 36 });
    const run = await context.engine.store.run(context.engine, result.runId);
    expect(run).toMatchObject({ kind: "exec", state: "completed", operator: "ada", rows: 36, mode: "live" });
    expect(await rollBack(result.runId)).toMatchObject({ classes: { reverted: 36 } });
    expect(await bytes()).toEqual(before);
  });

  test("a program that fails leaves a failed run, which is taken back", async () => {
    const before = await bytes();
    const result = await runExec(
      context,
      node(`
        import postgres from "postgres";
        const sql = postgres(process.env.DATABASE_URL);
        await sql\`DELETE FROM person WHERE id < 20\`;
        process.exit(37);`),
    );
    expect(result).toMatchObject({ exitCode: 37, signal: null, rows: 38 });
    const run = await context.engine.store.run(context.engine, result.runId);
    expect(run).toMatchObject({ state: "failed", error: { code: "PROGRAM_FAILED" } });
    expect((await actions()).map(({ action }) => action)).toEqual(["migration:started", "migration:failed"]);
    expect((await actions())[1]!.metadata).toMatchObject({
      run_id: result.runId,
      exit_status: 37,
      error: "PROGRAM_FAILED",
    });
    expect(await rollBack(result.runId)).toMatchObject({ classes: { reverted: 38 } });
    expect(await bytes()).toEqual(before);
  });

  test("the record names who and what, and no argument", async () => {
    const secret = "p4ssw0rd-in-an-argument";
    const result = await runExec(context, options("/bin/sh", ["-c", "exit 0", secret]));
    const said = JSON.stringify([await actions(), await context.engine.store.run(context.engine, result.runId)]);
    expect(said).not.toContain(secret);
    expect(await actions()).toMatchObject([
      { action: "migration:started", metadata: { run_id: result.runId, mode: "live", operator: "ada", program: "sh" } },
      {
        action: "migration:completed",
        metadata: {
          run_id: result.runId,
          operator: "ada",
          exit_status: 0,
          counts: { rows: 0 },
          duration: expect.any(Number),
        },
      },
    ]);
  });

  test("a program killed by a signal has the status a shell would give it", async () => {
    expect(await runExec(context, options("/bin/sh", ["-c", "kill -9 $$"]))).toMatchObject({
      exitCode: 137,
      signal: "SIGKILL",
    });
  });

  test("a program that is not there is refused, and nothing is left to take back", async () => {
    await expect(runExec(context, options("/no/such/program", []))).rejects.toMatchObject({
      code: "PROGRAM_NOT_STARTED",
    });
    const { runs } = await context.engine.store.runs(context.engine, { limit: 10 });
    expect(runs).toMatchObject([{ state: "aborted", rows: 0 }]);
    // Nothing holds the target.
    expect(await runExec(context, options("/bin/true", []))).toMatchObject({ exitCode: 0 });
  });

  test("asked to stop, the program gets SIGTERM and its status is reported", async () => {
    const abort = new AbortController();
    const folder = mkdtempSync(join(tmpdir(), "runback-exec-"));
    const out = openSync(join(folder, "out"), "w");
    const running = runExec(
      { ...context, signal: abort.signal },
      node(
        `process.on("SIGTERM", () => process.exit(3)); setInterval(() => {}, 1000);
         import postgres from "postgres"; const sql = postgres(process.env.DATABASE_URL);
         await sql\`UPDATE person SET name = 'x' WHERE id = 1\`; console.log("ready");`,
        { stdio: ["ignore", out, "ignore"] },
      ),
    );
    await expect.poll(() => readFileSync(join(folder, "out"), "utf8"), { timeout: 20_000 }).toContain("ready");
    abort.abort();
    expect(await running).toMatchObject({ exitCode: 3, rows: 1 });
    closeSync(out);
    rmSync(folder, { recursive: true });
  });

  test("signals reach the program, and the run is recorded after it", async () => {
    const child = spawn(process.execPath, [fileURLToPath(new URL("./exec-host.ts", import.meta.url)), database.url], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const ended = once(child, "close");
    let out = "";
    for await (const chunk of child.stdout) {
      out += chunk;
      if (out.includes("ready") && !out.includes("asked")) {
        out += " asked ";
        child.kill("SIGINT");
      }
    }
    await ended;
    const result = JSON.parse(out.slice(out.indexOf("{")));
    expect(result).toMatchObject({ exitCode: 9, signal: null, rows: 1 });
    expect(await context.engine.store.run(context.engine, result.runId)).toMatchObject({ state: "failed" });
  });

  test("a run that is still writing is not taken back", async () => {
    const sql = postgres(database.url, { onnotice: () => {} });
    await sql`CREATE TABLE gate (id int PRIMARY KEY, open boolean)`;
    await sql`INSERT INTO gate VALUES (1, false)`;
    const running = runExec(
      context,
      node(`
        import postgres from "postgres";
        const sql = postgres(process.env.DATABASE_URL);
        await sql\`UPDATE person SET name = 'held' WHERE id = 7\`;
        while (!(await sql\`SELECT open FROM gate\`)[0].open);
        await sql.end();`),
    );
    await expect
      .poll(async () => (await sql`SELECT name FROM person WHERE id = 7`)[0]!.name, { timeout: 20_000 })
      .toBe("held");
    const { runs } = await context.engine.store.runs(context.engine, { limit: 1 });
    await expect(rollBack(runs[0]!.runId)).rejects.toMatchObject({ code: "LEASE_HELD" });
    // Another program is welcome meanwhile.
    expect(await runExec(context, options("/bin/true", []))).toMatchObject({ exitCode: 0 });
    await sql`UPDATE gate SET open = true`;
    expect(await running).toMatchObject({ exitCode: 0, rows: 1 });
    await sql.end();
  });

  test("a session that outlives its run writes nothing unseen", async () => {
    const result = await runExec(context, options("/bin/true", []));
    const late = postgres(`${database.url}?options=-c%20runback.run_id%3D${result.runId}`, {
      max: 1,
      onnotice: () => {},
    });
    await expect(late`UPDATE person SET name = 'late' WHERE id = 1`).rejects.toMatchObject({ code: "RB001" });
    await late.end();
  });

  test("tables without a key are refused by name, unless --tables leaves them out", async () => {
    await context.engine.script("CREATE TABLE heap (v text); CREATE SCHEMA s; CREATE TABLE s.pile (v text)");
    await expect(runExec(context, options("/bin/true", []))).rejects.toMatchObject({
      code: "TABLE_WITHOUT_KEY",
      message: expect.stringMatching(/heap.*s\.pile/),
      recovery: expect.stringContaining("person,visit"),
    });
    await expect(runExec(context, options("/bin/true", [], { tables: ["person", "heap"] }))).rejects.toMatchObject({
      code: "TABLE_WITHOUT_KEY",
      message: expect.not.stringContaining("s.pile"),
    });
    const result = await runExec(context, options("/bin/true", [], { tables: ["person", "public.person"] }));
    expect(result.tables).toEqual(["person"]);
    expect((await context.engine.store.runs(context.engine, { limit: 10 })).runs).toHaveLength(1);
  });

  test.each([
    [["nowhere", "person"], "TABLE_NOT_FOUND"],
    [["trail"], "TABLE_APPEND_ONLY"],
  ])("refuses --tables %j", async (tables, code) => {
    await context.engine.init();
    await context.engine.script(`CREATE TABLE trail (id uuid PRIMARY KEY, action text, "createdAt" timestamptz)`);
    await context.engine.transaction((tx) => context.engine.protectAudit(tx, { schema: "public", name: "trail" }));
    await expect(runExec(context, options("/bin/true", [], { tables }))).rejects.toMatchObject({ code });
    expect((await runExec(context, options("/bin/true", []))).tables).toEqual(["person", "visit"]);
  });

  test("says which tables the program made or altered", async () => {
    const result = await runExec(
      context,
      node(`
        import postgres from "postgres";
        const sql = postgres(process.env.DATABASE_URL, { onnotice: () => {} });
        await sql\`CREATE TABLE fresh (id int PRIMARY KEY)\`;
        await sql\`ALTER TABLE visit ADD COLUMN extra int\`;
        await sql.end();`),
    );
    expect(result).toMatchObject({ exitCode: 0, notJournaled: ["fresh", "visit"] });
  });

  test("a table altered since it was enrolled is captured as it is now", async () => {
    await runExec(context, options("/bin/true", []));
    await context.engine.script("ALTER TABLE person ADD COLUMN added text DEFAULT 'kept'");
    const before = await bytes();
    // Left out of --tables, and captured all the same: its triggers are there.
    const result = await runExec(
      context,
      node(
        `import postgres from "postgres"; const sql = postgres(process.env.DATABASE_URL);
         await sql\`UPDATE person SET added = 'lost' WHERE id < 4\`; await sql.end();`,
        { tables: ["visit"] },
      ),
    );
    expect(result.rows).toBe(3);
    await rollBack(result.runId);
    expect(await bytes()).toEqual(before);
  });

  test("an address through which the run's name does not arrive is refused before anything starts", async () => {
    await expect(
      runExec(context, options("/bin/true", [], { targetUrl: "postgres://nobody@127.0.0.1:1/nowhere" })),
    ).rejects.toMatchObject({ code: "RUN_NOT_NAMED" });
    expect((await context.engine.store.runs(context.engine, { limit: 10 })).runs).toEqual([]);
  });

  test("an audit table that is not there is refused", async () => {
    const elsewhere = { schema: "public", name: "AuditLog" };
    await expect(runExec(context, options("/bin/true", [], { auditTable: elsewhere }))).rejects.toMatchObject({
      code: "AUDIT_TABLE_MISSING",
    });
  });

  test("an engine with one session is refused", async () => {
    await using embedded = await testContext("pglite");
    await expect(runExec(embedded.context, options("/bin/true", []))).rejects.toMatchObject({
      code: "EXEC_UNSUPPORTED",
    });
  });
});
