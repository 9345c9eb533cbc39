import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { openMysql } from "@runback/engines";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { jsonOf } from "../cli/cli-result.ts";
import { type CliPlace, runCli } from "../cli/in-process.ts";
import { createMysqlDatabase, type MysqlDatabase } from "../support/mysql-database.ts";
import { skippedEngines } from "../support/skipped.ts";
import { client, mariadbClient } from "./mariadb-client.ts";
import { migrationFiles } from "./migration-files.ts";
import { files, keptBlocks, runbookBlocks, runbookFile, statements } from "./runbook-2.ts";

const examples = fileURLToPath(new URL("../../examples/attendance", import.meta.url));

test("the statements that are kept here are those of the runbook", () => {
  if (runbookFile() !== undefined) expect(runbookBlocks()).toEqual(keptBlocks);
  expect(statements(keptBlocks.verification)).toHaveLength(3);
  expect(statements(keptBlocks.backfill)).toHaveLength(1);
});

test("the SQL files of the example say what the definition says", async () => {
  const engine = openMysql("mysql://nobody@127.0.0.1:1/nothing");
  const made = migrationFiles(engine.dialect);
  await engine.close();
  for (const [at, name] of files.entries())
    await expect(made[at]).toMatchFileSnapshot(`${examples}/migrations/${name}`);
});

// The runbook is MySQL's; `npm test` brings a MariaDB with its client. Without a client its blocks cannot be typed as written.
describe.skipIf(skippedEngines.includes("mysql"))("runbook 2 on MariaDB", () => {
  let folder: string;
  let database: MysqlDatabase;
  let place: CliPlace;

  beforeAll(async () => {
    expect(client, "the mariadb or mysql command line client").toBeDefined();
    folder = await mkdtemp(join(tmpdir(), "runback-runbook-2-"));
    database = await createMysqlDatabase();
    place = {
      config: join(examples, "runback.config.ts"),
      databaseUrl: database.url,
      vaultUrl: pathToFileURL(join(folder, "vault")).href,
    };
    await mariadbClient(database.url, await readFile(join(examples, "schema.sql"), "utf8"));
  });

  afterAll(async () => {
    await database?.drop();
    if (folder) await rm(folder, { recursive: true, force: true });
  });

  /** Runs one statement as it is written and returns the first column of what it answers. */
  const answers = async (sql: string) => {
    const [, ...lines] = (await mariadbClient(database.url, `${sql};`)).trimEnd().split("\n");
    return lines.map((line) => line.split("\t")[0]);
  };

  const type = async (...args: string[]) => {
    const ended = await runCli(place, [...args, "--json"]);
    return { status: ended.status, said: jsonOf(ended) as Record<string, never> };
  };

  test("from top to bottom, rollback included", async () => {
    const blocks = runbookBlocks();

    // Prerequisites: a full backup.
    const { said: snapshot } = await type("snapshot", "create", "--reason", "before attendance");
    expect(snapshot.tables).toMatchObject({ events: { rows: 2 }, event_participants: { rows: 7 } });

    // Migration steps 1 to 3.
    const { said: planned } = await type("attendance", "migrate", "--dry-run");
    expect(planned).toMatchObject({ atomic: false, backfill: 7, obstacles: [] });
    const { status, said: migrated } = await type("attendance", "migrate", "--operator", "ana");
    expect([status, migrated.backfill]).toEqual([0, 7]);

    // Step 4, as written.
    const [table, columns, indexes] = statements(blocks.verification);
    expect(await answers(table!)).toEqual(["1"]);
    expect((await answers(columns!)).sort()).toEqual(
      ["marked_at", "marked_by", "notes", "status", "updated_at"].map((name) => `attendance_${name}`),
    );
    expect(await answers(indexes!)).toEqual(Array(2).fill("idx_participants_event_attendance"));
    // Step 5, as written: everybody who is registered, and nobody marked yet.
    expect(await answers(statements(blocks.backfill)[0]!)).toEqual(["5"]);

    // The files of the runbook find nothing left to do, and change nothing.
    for (const name of files)
      await mariadbClient(database.url, await readFile(join(examples, "migrations", name), "utf8"));
    expect((await type("attendance", "migrate")).said).toMatchObject({
      runId: null,
      steps: [],
      differences: [],
      backfill: 0,
    });

    // Optional triggers, typed into the client with their DELIMITER: Runback knows them for its own.
    await mariadbClient(database.url, blocks.triggers);
    expect((await type("attendance", "triggers", "status")).said).toMatchObject({ state: "on" });
    const insert =
      "INSERT INTO event_attendance_audit (event_id, participant_id, user_id, action, new_status) VALUES (2, 6, 11, 'correction', 'unknown')";
    await mariadbClient(database.url, insert);
    for (const change of ["UPDATE event_attendance_audit SET reason = 'x'", "DELETE FROM event_attendance_audit"])
      await expect(mariadbClient(database.url, change)).rejects.toThrow(/1644 \(45000\).*append-only/);

    // Post-migration validation: the report, auto-absence on a small event, and its structured log line.
    const { stdout, stderr } = await runCli(place, ["monitor", "run", "completion", "--json"]);
    expect(JSON.parse(stdout)).toMatchObject({ passed: true });
    const summaries = stderr
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { op: string; summary?: object })
      .filter(({ op }) => op === "EventCompletionScheduler.autoAbsenceSummary");
    expect(summaries).toMatchObject([{ summary: { scanned: 3, flagged: 3 } }]);
    expect(await answers(statements(blocks.backfill)[0]!)).toEqual(["2"]);
    const { status: verified, said: report } = await type("attendance", "verify");
    expect(verified).toBe(0);
    expect(report.checks).toMatchObject([
      { id: "audit-table", outcome: "PASS", query: statements(blocks.verification)[0] },
      { id: "columns", outcome: "PASS", query: statements(blocks.verification)[1] },
      { id: "index", outcome: "PASS", query: statements(blocks.verification)[2] },
      { id: "definition", outcome: "PASS" },
      { id: "status-values", outcome: "PASS" },
      { id: "backfill", outcome: "PASS", query: statements(blocks.backfill)[0] },
      { id: "audit-foreign-keys", outcome: "PASS" },
      { id: "audit-append-only", outcome: "PASS" },
      { id: "audit-unchanged", outcome: "PASS" },
    ]);

    // Rollback guidance 1 to 4.
    const { said: plan } = await type("attendance", "rollback", "--plan");
    expect(plan).toMatchObject({ auditRows: 4 });
    expect((await type("attendance", "rollback", "--operator", "ana")).said).toMatchObject({
      error: { code: "APPROVAL_REQUIRED" },
    });
    const approve = [
      "approve",
      plan.digest,
      "--requested-by",
      "ana",
      "--operator",
      "bo",
      "--action",
      "attendance rollback",
    ];
    const { said: approval } = await type(...(approve as string[]));
    const { said: removed } = await type(
      "attendance",
      "rollback",
      "--operator",
      "ana",
      "--approval",
      String(approval.id),
    );
    expect(removed).toMatchObject({ snapshotId: snapshot.snapshotId, export: { rows: 4 }, auditProblems: 0 });
    expect(await answers(table!)).toEqual(["0"]);
    expect(await answers(columns!)).toEqual([]);
    expect(await answers(indexes!)).toEqual([]);
    expect(await answers("SELECT COUNT(*) FROM event_participants")).toEqual(["7"]);
  });

  test("its own SQL files alone migrate a fresh installation, as often as they are run", async () => {
    await using other = await createMysqlDatabase();
    const run = async (path: string) => await mariadbClient(other.url, await readFile(join(examples, path), "utf8"));
    await run("schema.sql");
    for (const name of [...files, ...files]) await run(`migrations/${name}`);
    const verified = jsonOf(await runCli({ ...place, databaseUrl: other.url }, ["attendance", "migrate", "--json"]));
    expect(verified).toMatchObject({ runId: null, steps: [], differences: [], obstacles: [], backfill: 0 });
  });

  test("a user who may make no triggers is told so, and what watches instead", async () => {
    await using other = await createMysqlDatabase();
    await mariadbClient(other.url, await readFile(join(examples, "schema.sql"), "utf8"));
    await runCli({ ...place, databaseUrl: other.url }, ["attendance", "migrate"]);
    const user = `plain_${Date.now().toString(36)}`;
    await mariadbClient(
      other.url,
      `CREATE USER '${user}'@'127.0.0.1' IDENTIFIED BY 'secret';
       GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, INDEX, DROP, REFERENCES ON \`${other.name}\`.* TO '${user}'@'127.0.0.1';`,
    );
    try {
      const url = new URL(other.url);
      url.username = user;
      url.password = "secret";
      const refused = await runCli({ ...place, databaseUrl: url.href }, ["attendance", "triggers", "on", "--json"]);
      expect([refused.status, jsonOf(refused)]).toMatchObject([2, { error: { code: "ATTENDANCE_TRIGGERS_REFUSED" } }]);
      expect(jsonOf(refused)).toMatchObject({ error: { recovery: expect.stringContaining("attendance-audit") } });
    } finally {
      await mariadbClient(other.url, `DROP USER '${user}'@'127.0.0.1'`);
    }
  });
});
