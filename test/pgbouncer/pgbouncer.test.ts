import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { openPostgres } from "@runback/engines";
import { writeSampleExport } from "@runback/membership";
import { runExec, runRollback } from "@runback/operations";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { type Target, targetOver } from "../scenarios/support/world.ts";
import { createDatabase } from "../support/database.ts";
import { pooled } from "../support/engines.ts";
import { pgbouncerServer } from "../support/pgbouncer-server.ts";
import { skippedEngines } from "../support/skipped.ts";

const auditTable = { schema: "public", name: "AuditLog" };

describe.skipIf(skippedEngines.includes("pgbouncer"))("a pooler in transaction mode", () => {
  let folder: string;
  let target: Target;
  let direct: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "runback-pooled-"));
    await writeSampleExport(join(folder, "export"), { members: 400, events: 90, registrations: 1_200 });
    const database = await createDatabase();
    direct = database.url;
    const engine = openPostgres(pooled(direct));
    target = await targetOver(engine, pathToFileURL(join(folder, "vault")).href, pooled(direct), async () => {
      await engine.close();
      await database.drop();
    });
  });
  afterAll(async () => {
    await target[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  test("an import is planned, run, verified and taken back", async () => {
    const source = join(folder, "export");
    const bundleFolder = join(folder, "bundle");
    const dry = await target.import(source, { dryRun: true });
    const live = await target.import(source, { plan: dry.planDigest, bundleFolder });
    const report = await target.verify(bundleFolder);
    expect(report.checks.filter((check) => !check.passed)).toEqual([]);
    const back = await runRollback(target.context, {
      runId: live.runId,
      operator: "bob",
      onConflict: "abort",
      auditTable,
    });
    expect(back).toMatchObject({ verified: true, conflicts: [] });
    expect((await target.engine.query('SELECT FROM "Member"')).count).toBe(0);
  });

  test("sessions are shared, and nothing that Runback sets stays in one", async () => {
    // More transactions at once than either side has sessions.
    const seen = await Promise.all(
      Array.from({ length: 40 }, (_, n) =>
        target.engine.transaction(
          async (tx) => {
            await target.engine.journal.begin(tx, `run-${n}`);
            const { rows } = await tx.query<{ run: string; pid: number }>(
              "SELECT current_setting('runback.run_id', true) AS run, pg_backend_pid() AS pid",
            );
            return rows[0]!;
          },
          { lockTimeoutMs: 1_000 + n, bulk: true },
        ),
      ),
    );
    expect(seen.map(({ run }) => run)).toEqual(Array.from({ length: 40 }, (_, n) => `run-${n}`));
    expect(new Set(seen.map(({ pid }) => pid)).size).toBeLessThan(40);
    const after = await Promise.all(
      Array.from({ length: 12 }, () =>
        target.engine.query(
          `SELECT coalesce(current_setting('runback.run_id', true), '') AS run, current_setting('lock_timeout') AS wait,
             current_setting('search_path') AS path, (SELECT count(*)::int FROM pg_prepared_statements) AS prepared,
             (SELECT count(*)::int FROM pg_locks WHERE locktype = 'advisory') AS locks`,
        ),
      ),
    );
    for (const { rows } of after) {
      expect(rows).toEqual([{ run: "", wait: "0", path: '"$user", public', prepared: 0, locks: 0 }]);
    }
  });

  test.each([
    ["refuses the setting that names the run", false],
    ["takes it and drops it", true],
  ])("exec is refused when the pooler %s, and nothing is started", async (_, dropsSettings) => {
    await using pooler = await pgbouncerServer(inject("postgresUrl"), { dropsSettings });
    const url = new URL(direct);
    url.port = String(pooler.port);
    const mark = join(folder, `started-${dropsSettings}`);
    const started = runExec(target.context, {
      command: process.execPath,
      args: ["-e", `require("node:fs").writeFileSync(${JSON.stringify(mark)}, "")`],
      operator: "ada",
      auditTable,
      targetUrl: url.href,
      env: process.env,
      stdio: "ignore",
    });
    await expect(started).rejects.toMatchObject({ code: "RUN_NOT_NAMED" });
    await expect(rm(mark)).rejects.toMatchObject({ code: "ENOENT" });
  });
});
