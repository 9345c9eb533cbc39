import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { openMysql } from "@runback/engines";
import { wildApricotImport, writeSampleExport } from "@runback/membership";
import { auditVerify, doctor, init, planRollback, retentionSweep, runExec, runRollback } from "@runback/operations";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { sampleSize, type Target, targetOver } from "../../scenarios/support/world.ts";
import { engineNames } from "../../support/engines.ts";
import { createMysqlDatabase, type MysqlDatabase } from "../../support/mysql-database.ts";
import { bytesOf } from "../../support/spell.ts";

const tables = ["Member", "Event", "Registration", "WaIdMapping", "WaSyncState"];

describe.each(engineNames.filter((name) => name === "mysql"))("the membership migration on %s", () => {
  let database: MysqlDatabase;
  let target: Target;
  let folder: string;
  beforeAll(async () => {
    database = await createMysqlDatabase();
    folder = await mkdtemp(join(tmpdir(), "runback-mysql-membership-"));
    const engine = openMysql(database.url);
    target = await targetOver(engine, pathToFileURL(join(folder, "vault")).href, database.url, () => engine.close());
    await init({ engine }, wildApricotImport);
    await writeSampleExport(join(folder, "export"), sampleSize);
    await writeSampleExport(join(folder, "second"), { ...sampleSize, seed: 2 });
  });
  afterAll(async () => {
    await target[Symbol.asyncDispose]();
    await database.drop();
    await rm(folder, { recursive: true, force: true });
  });

  const contents = () => Promise.all(tables.map((table) => bytesOf(target.engine, table)));
  const auditTable = wildApricotImport.auditTable;

  test("import, verify, import again, tamper, roll back: byte-equal, on the record", async () => {
    const { engine, context } = target;
    const empty = await contents();
    const dry = await target.import(join(folder, "export"), { dryRun: true });
    expect(await contents()).toEqual(empty);
    const bundle = join(folder, "bundle");
    const imported = await target.import(join(folder, "export"), { plan: dry.planDigest, bundleFolder: bundle });
    expect(imported.entities).toMatchObject({
      members: { created: sampleSize.members },
      events: { created: sampleSize.events },
      registrations: { created: sampleSize.registrations },
    });
    const verified = await target.verify(bundle);
    expect(verified.checks.filter((check) => !check.passed)).toEqual([]);

    const again = await target.import(join(folder, "export"));
    expect(again.entities).toMatchObject({
      members: { created: 0, unchanged: sampleSize.members },
      registrations: { created: 0 },
    });

    const before = await contents();
    const { rows } = await engine.query<{ id: string }>("SELECT id FROM `Member` ORDER BY id LIMIT 1");
    const id = rows[0]!.id;
    await engine.query("UPDATE `Member` SET phone = 'changed by hand' WHERE id = $1", [id]);
    const spoilt = await target.verify(bundle);
    expect(spoilt.checks.filter((check) => !check.passed).map((check) => check.id)).toEqual(["row-content"]);
    expect(spoilt.checks.find((check) => check.id === "row-content")!.message).toContain(id);

    const options = { runId: imported.runId, operator: "alice", auditTable } as const;
    const aborted = await runRollback(context, { ...options, onConflict: "abort" });
    expect(aborted.rollbackRunId).toBeNull();
    expect(aborted.conflicts).toMatchObject([{ table: "Member", key: [id], class: "edited" }]);
    await target.import(join(folder, "export"));
    expect((await contents())[0]!.length).toBe(before[0]!.length);

    // What the third import repaired is that run's to take back, then the first one's.
    const newest = (await engine.store.runs(engine, { limit: 1 })).runs[0]!;
    await engine.query("UPDATE `Member` SET phone = NULL WHERE id = $1 AND phone = 'nobody'", [id]);
    await runRollback(context, { ...options, runId: newest.runId, onConflict: "abort" });
    const rest = await runRollback(context, { ...options, onConflict: "skip" });
    expect(rest.verified).toBe(true);
    expect(rest.classes).toMatchObject({ edited: 1, missing: 0 });
    expect((await planRollback(context, imported.runId, "skip")).classes.reverted).toBe(0);

    const trail = await auditVerify(context, auditTable);
    expect(trail.problems).toEqual([]);
    expect(trail.entries).toBeGreaterThan(10);
    expect((await engine.housekeeping.stageTables(engine)).length).toBe(0);
    expect((await retentionSweep(context, { dryRun: true })).errors).toEqual([]);
  });

  test("entries of the audit table cannot be changed, deleted or truncated, and what slips past is found", async () => {
    const { engine, context } = target;
    for (const statement of [
      "UPDATE `AuditLog` SET action = 'x'",
      "DELETE FROM `AuditLog`",
      "DELETE FROM runback_audit_chain",
    ]) {
      await expect(engine.query(statement)).rejects.toMatchObject({ code: "RB002" });
    }
    for (const table of ["`AuditLog`", "runback_audit_chain"]) {
      await expect(engine.query(`TRUNCATE TABLE ${table}`)).rejects.toMatchObject({ errno: 1701 });
    }
    await Promise.all(
      Array.from({ length: 12 }, (_, n) =>
        engine.query("INSERT INTO `AuditLog` (action) VALUES ($1)", [`at once ${n}`]),
      ),
    );
    expect((await auditVerify(context, auditTable)).problems).toEqual([]);
    const { rows } = await engine.query<{ name: string }>(
      "SELECT trigger_name AS name FROM information_schema.triggers WHERE event_object_table = 'AuditLog' AND event_manipulation = 'UPDATE'",
    );
    await engine.script(
      `DROP TRIGGER \`${rows[0]!.name}\`; UPDATE \`AuditLog\` SET metadata = '{"x":1}' WHERE action = 'at once 3'`,
    );
    const found = await auditVerify(context, auditTable);
    expect(found.problems.map((problem) => problem.kind).sort()).toEqual(["changed", "unchained"]);
    const report = await doctor(context, {
      declaration: wildApricotImport,
      auditTable: wildApricotImport.auditTable,
      databaseUrl: database.url,
      env: {},
    } as Parameters<typeof doctor>[1]);
    expect(report.checks.find((check) => check.id === "audit-protection")).toMatchObject({ outcome: "FAIL" });
    expect(report.checks.filter((check) => check.outcome === "FAIL").map((check) => check.id)).toEqual([
      "audit-protection",
    ]);
  });

  test("a program is not started, since its sessions would not name the run", async () => {
    const running = runExec(target.context, {
      command: "touch",
      args: [join(folder, "started")],
      operator: "alice",
      auditTable,
      targetUrl: database.url,
      env: {},
      tables: ["Member"],
    } as Parameters<typeof runExec>[1]);
    await expect(running).rejects.toMatchObject({ code: "EXEC_UNSUPPORTED" });
    expect(existsSync(join(folder, "started"))).toBe(false);
    const { runs } = await target.engine.store.runs(target.engine, { limit: 100 });
    expect(runs.filter((run) => run.kind === "exec")).toEqual([]);
  });

  test("a user without the rights is told which, and how they are granted", async () => {
    const { engine } = target;
    const name = `u_${database.name.slice(-12)}`;
    await engine.script(
      `CREATE USER '${name}'@'%' IDENTIFIED BY 'pw'; GRANT SELECT, INSERT ON \`${database.name.replaceAll("_", "\\_")}\`.* TO '${name}'@'%'`,
    );
    const url = new URL(database.url);
    url.username = name;
    url.password = "pw";
    const limited = openMysql(url.href);
    try {
      const grants = await limited.diagnosis.grants(limited, []);
      const missing = grants.filter((grant) => !grant.granted);
      expect(missing.map((grant) => grant.right)).toContain(`TRIGGER on ${database.name}`);
      expect(missing.map((grant) => grant.right)).not.toContain(`SELECT on ${database.name}`);
      expect(missing[0]!.remedy).toContain(`TO '${name}'@'%'`);
    } finally {
      await limited.close();
      await engine.script(`DROP USER '${name}'@'%'`);
    }
  });

  test("addresses that cannot be meant are refused, and a server that is not there is named so", async () => {
    expect(() => openMysql("mysql://127.0.0.1:3306")).toThrow(expect.objectContaining({ code: "TARGET_URL_INVALID" }));
    expect(() => openMysql("mysql://127.0.0.1/x?init=1")).toThrow(
      expect.objectContaining({ code: "TARGET_URL_INVALID" }),
    );
    const nowhere = openMysql("mysql://u:secret@127.0.0.1:1/x");
    await expect(nowhere.query("SELECT 1")).rejects.toMatchObject({ code: "TARGET_UNREACHABLE" });
    expect(nowhere.location).not.toContain("secret");
    await nowhere.close();
  });
});
