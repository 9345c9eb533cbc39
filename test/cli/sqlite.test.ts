import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { pathToFileURL } from "node:url";
import { writeSampleExport } from "@runback/membership";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { exactValue } from "../support/spell.ts";
import { jsonOf } from "./cli-result.ts";
import { writeConfig } from "./config-file.ts";
import { type CliPlace, runCli } from "./in-process.ts";

const size = { members: 300, events: 60, registrations: 900 };

// In order: each test goes on with the file the one before left.
describe("the command line on a SQLite file", () => {
  let folder: string;
  let place: CliPlace;
  let file: string;
  let runId: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "runback-cli-sqlite-"));
    await writeSampleExport(join(folder, "export"), size);
    file = join(folder, "deep/er/club.db");
    place = {
      config: await writeConfig(folder),
      databaseUrl: `sqlite://${file}`,
      vaultUrl: pathToFileURL(join(folder, "vault")).href,
    };
  });
  afterAll(() => rm(folder, { recursive: true }));

  const cli = (...args: string[]) => runCli(place, [...args, "--json"]);
  /** As any other program: its own session, no function of Runback's. */
  function sql(text: string): Record<string, unknown>[] {
    const db = new DatabaseSync(file);
    try {
      if (!/^\s*select/i.test(text)) db.exec(text);
      return /^\s*select/i.test(text) ? db.prepare(text).all() : [];
    } finally {
      db.close();
    }
  }
  const content = () =>
    ["Member", "Event", "Registration", "WaIdMapping"].map((table) => {
      const columns = sql(`SELECT name FROM pragma_table_info('${table}')`).map(({ name }) => exactValue(`"${name}"`));
      return sql(`SELECT ${columns.join(" || ' ' || ")} AS row FROM "${table}" ORDER BY id`).map(({ row }) => row);
    });

  test("init creates the file, and doctor finds nothing wrong with it", async () => {
    const made = jsonOf<{ applied: string[]; created: string[] }>(await cli("init"));
    expect(made.applied).toEqual(expect.arrayContaining(["runs and leases", "journal", "audit trail"]));
    expect(made.created).toContain("Registration");
    expect(jsonOf(await cli("init"))).toEqual({ applied: [], created: [] });
    const { ok, checks } = jsonOf<{ ok: boolean; checks: { id: string; outcome: string }[] }>(await cli("doctor"));
    expect(checks.filter((check) => check.outcome === "FAIL")).toEqual([]);
    expect(ok).toBe(true);
  });

  test("a dry run is a contract, and its plan is imported", async () => {
    const dry = jsonOf<{ planDigest: string; entities: Record<string, { created: number }> }>(
      await cli("import", "--dry-run"),
    );
    expect(sql(`SELECT count(*) AS n FROM "Member"`)).toEqual([{ n: 0 }]);
    const refused = await cli("import", "--plan", "0".repeat(64));
    expect(refused.status).toBe(2);
    const live = jsonOf<{ runId: string; entities: Record<string, { created: number }> }>(
      await cli("import", "--plan", dry.planDigest),
    );
    runId = live.runId;
    expect(live.entities).toEqual(dry.entities);
    expect(sql(`SELECT count(*) AS n FROM "Registration"`)).toEqual([{ n: live.entities.registrations!.created }]);
    const again = jsonOf<{ entities: Record<string, { created: number; unchanged: number }> }>(await cli("import"));
    expect(again.entities.members).toMatchObject({ created: 0, unchanged: size.members });
  });

  test("verify passes, and names the row that somebody changed", async () => {
    const output = ["-o", join(folder, "report.md")];
    expect((await cli("verify", "-b", runId, ...output)).status).toBe(0);
    const [member] = sql(`SELECT id, phone FROM "Member" ORDER BY id LIMIT 1 OFFSET 7`);
    sql(`UPDATE "Member" SET phone = 'spoilt' WHERE id = '${member!.id}'`);
    const found = await cli("verify", "-b", runId, ...output);
    expect(found.status).toBe(1);
    const { checks } = jsonOf<{ checks: { id: string; passed: boolean; message: string }[] }>(found);
    expect(checks.filter((check) => !check.passed).map((check) => check.id)).toEqual(["row-content"]);
    expect(checks.find((check) => check.id === "row-content")!.message).toContain(String(member!.id));
    sql(
      `UPDATE "Member" SET phone = ${member!.phone === null ? "NULL" : `'${member!.phone}'`} WHERE id = '${member!.id}'`,
    );
    expect((await cli("verify", "-b", runId, ...output)).status).toBe(0);
  });

  test("rollback leaves what others changed, takes back the rest, and is taken back itself", async () => {
    sql(`UPDATE "Event" SET title = 'newer' WHERE id = (SELECT min(id) FROM "Event")`);
    const edited = content();
    const refused = await cli("rollback", runId);
    expect(refused.status).toBe(1);
    expect(jsonOf(refused)).toMatchObject({ rollbackRunId: null, classes: { edited: 1 } });
    expect(content()).toEqual(edited);
    const back = jsonOf<{ rollbackRunId: string; classes: Record<string, number> }>(
      await cli("rollback", runId, "--on-conflict", "skip"),
    );
    expect(back.classes.edited).toBe(1);
    expect(sql(`SELECT count(*) AS n FROM "Member"`)).toEqual([{ n: 0 }]);
    expect(sql(`SELECT title FROM "Event"`)).toEqual([{ title: "newer" }]);
    expect((await cli("rollback", back.rollbackRunId)).status).toBe(0);
    expect(content()).toEqual(edited);
  });

  test("the trail holds, other programs may append to it, and none may change it", async () => {
    sql(`INSERT INTO "AuditLog" (action) VALUES ('by:another:program')`);
    expect((await cli("audit", "verify")).status).toBe(0);
    for (const change of [
      `UPDATE "AuditLog" SET action = 'x'`,
      `DELETE FROM "AuditLog"`,
      `REPLACE INTO "AuditLog" SELECT * FROM "AuditLog"`,
    ])
      expect(() => sql(change)).toThrow("append-only");
    expect((await cli("retention", "sweep")).status).toBe(0);
    sql(
      `DROP TRIGGER "runback_refuse_update_AuditLog"; UPDATE "AuditLog" SET action = 'x' WHERE action = 'by:another:program'`,
    );
    const broken = await cli("audit", "verify");
    expect(broken.status).toBe(1);
    expect(broken.stdout).toContain("changed");
    expect(broken.stdout).toContain("runback_refuse_update_AuditLog is missing");
  });

  test("a database in memory is refused", async () => {
    const refused = await runCli({ ...place, databaseUrl: "sqlite::memory:" }, ["runs", "--json"]);
    expect(refused.status).toBe(2);
    expect(jsonOf(refused)).toMatchObject({ error: { code: "TARGET_URL_INVALID" } });
  });
});
