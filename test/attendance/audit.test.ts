import type { Engine } from "@runback/core";
import {
  attendanceTriggers,
  migrateAttendance,
  scanAttendanceAudit,
  setAttendanceTriggers,
  verifyAttendance,
} from "@runback/operations";
import { describe, expect, test } from "vitest";
import { auditTable, testContext } from "../operations/support.ts";
import { familyOf } from "../support/family.ts";
import { inTurn } from "../support/rotated-engines.ts";
import { attendanceEngines } from "./engines.ts";
import { createInstallation } from "./installation.ts";

const options = { operator: "ana", auditTable };
const minute = 60_000;

async function addRows(engine: Engine, from: number, count: number): Promise<void> {
  // Not every way to a server takes long statements.
  if (count > 500) {
    await addRows(engine, from, 500);
    return await addRows(engine, from + 500, count - 500);
  }
  const rows = Array.from(
    { length: count },
    (_, at) => `(1, ${from + at}, ${from + at}, 'check_in', 'unknown', 'present', 'k-${from + at}')`,
  );
  await engine.query(
    `INSERT INTO event_attendance_audit (event_id, participant_id, user_id, action, previous_status, new_status, dedupe_key) VALUES ${rows.join(", ")}`,
  );
}

async function migrated(name: Parameters<typeof testContext>[0], people = 10) {
  const site = await testContext(name);
  await createInstallation(site.context.engine, people);
  await migrateAttendance(site.context, options);
  return site;
}

const outcomes = async (context: Parameters<typeof verifyAttendance>[0]) =>
  Object.fromEntries((await verifyAttendance(context)).checks.map(({ id, outcome }) => [id, outcome]));

// MySQL, which the runbook is about, and another one each day.
const others = inTurn(attendanceEngines.filter((name) => name !== "mysql"));
const engines = attendanceEngines.filter((name) => name === "mysql" || others.includes(name));

describe.each(engines)("the attendance audit on %s", (name) => {
  const family = familyOf(name);

  test("with triggers the database refuses every change, and without them takes it", async () => {
    await using site = await migrated(name);
    const { engine } = site.context;
    await addRows(engine, 1, 3);
    const changes = [
      "UPDATE event_attendance_audit SET reason = 'x' WHERE id = 1",
      "DELETE FROM event_attendance_audit WHERE id = 2",
      ...(family === "postgres"
        ? [
            "TRUNCATE event_attendance_audit",
            "INSERT INTO event_attendance_audit (event_id, participant_id, action, new_status, dedupe_key) VALUES (1, 1, 'correction', 'late', 'k-1') ON CONFLICT (dedupe_key) DO UPDATE SET reason = 'x'",
          ]
        : [
            "REPLACE INTO event_attendance_audit (event_id, participant_id, action, new_status, dedupe_key) VALUES (1, 1, 'correction', 'late', 'k-1')",
            "REPLACE INTO event_attendance_audit (id, event_id, participant_id, action, new_status) VALUES (1, 1, 1, 'correction', 'late')",
            family === "mysql"
              ? "INSERT INTO event_attendance_audit (event_id, participant_id, action, new_status, dedupe_key) VALUES (1, 1, 'correction', 'late', 'k-1') ON DUPLICATE KEY UPDATE reason = 'x'"
              : "INSERT INTO event_attendance_audit (event_id, participant_id, action, new_status, dedupe_key) VALUES (1, 1, 'correction', 'late', 'k-1') ON CONFLICT (dedupe_key) DO UPDATE SET reason = 'x'",
          ]),
    ];
    expect(await attendanceTriggers(site.context)).toMatchObject({ state: "off" });
    const on = await setAttendanceTriggers(site.context, { ...options, on: true });
    expect(on.state).toBe("on");
    expect(on.triggers.map((each) => each.name)).toEqual(
      expect.arrayContaining(["trg_event_attendance_audit_no_update", "trg_event_attendance_audit_no_delete"]),
    );
    for (const sql of changes) await expect(engine.query(sql), sql).rejects.toThrow(/append-only/);
    await addRows(engine, 10, 2);
    expect(await setAttendanceTriggers(site.context, { ...options, on: true })).toEqual(on);
    expect(await outcomes(site.context)).toMatchObject({ "audit-append-only": "PASS" });

    expect(await setAttendanceTriggers(site.context, { ...options, on: false })).toMatchObject({ state: "off" });
    for (const sql of changes) await engine.query(sql);
  });

  test("a trigger that is another one is told, and renewed", async () => {
    await using site = await migrated(name);
    const { engine } = site.context;
    await setAttendanceTriggers(site.context, { ...options, on: true });
    const trigger = "trg_event_attendance_audit_no_update";
    if (family === "postgres") await engine.query(`ALTER TABLE event_attendance_audit DISABLE TRIGGER ${trigger}`);
    else {
      await engine.query(`DROP TRIGGER ${trigger}`);
      const body = family === "mysql" ? "SET @seen = 1" : "BEGIN SELECT 1; END";
      const each = family === "mysql" ? "FOR EACH ROW " : "";
      await engine.query(`CREATE TRIGGER ${trigger} BEFORE UPDATE ON event_attendance_audit ${each}${body}`);
    }
    expect(await attendanceTriggers(site.context)).toMatchObject({
      state: "partly",
      triggers: expect.arrayContaining([{ name: trigger, refuses: "UPDATE", state: "other" }]),
    });
    expect(await outcomes(site.context)).toMatchObject({ "audit-append-only": "FAIL" });
    expect(await setAttendanceTriggers(site.context, { ...options, on: true })).toMatchObject({ state: "on" });
    expect(await outcomes(site.context)).toMatchObject({ "audit-append-only": "PASS" });
  });

  test("the scan finds what was changed or deleted, and nothing else", async () => {
    await using site = await migrated(name);
    const { context, clock } = site;
    const { engine } = context;
    await addRows(engine, 1, 2_500);
    expect(await scanAttendanceAudit(context)).toMatchObject({ watched: true, problemCount: 0 });
    expect(await scanAttendanceAudit(context)).toMatchObject({ rows: 2_500, anchored: null, problems: [] });
    await addRows(engine, 3_001, 20);
    clock.advance(20 * minute);
    expect(await scanAttendanceAudit(context)).toMatchObject({ rows: 2_520, problems: [] });
    clock.advance(20 * minute);
    // Both kinds are there now: rows that are settled, by ranges, and recent ones, one by one.
    await addRows(engine, 4_001, 5);
    expect(await scanAttendanceAudit(context)).toMatchObject({ rows: 2_525, problems: [] });
    expect(await outcomes(context)).toMatchObject({ "audit-append-only": "WARN", "audit-unchanged": "PASS" });

    const findings = async (sql: string, undo: (rows: string) => string = (rows) => rows) => {
      await engine.query(sql);
      const error = await scanAttendanceAudit(context).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: "ATTENDANCE_AUDIT_CHANGED", exit: 1 });
      expect(await outcomes(context)).toMatchObject({ "audit-unchanged": "FAIL" });
      return undo(
        (error as { details: { problems: { kind: string; where: string }[] } }).details.problems
          .map(({ kind, where }) => `${kind} ${where}`)
          .join(),
      );
    };
    expect(await findings("UPDATE event_attendance_audit SET reason = 'x' WHERE id = 1500")).toBe("changed 1001-2000");
    await engine.query("UPDATE event_attendance_audit SET reason = NULL WHERE id = 1500");
    expect(await scanAttendanceAudit(context)).toMatchObject({ problems: [] });
    expect(await findings("UPDATE event_attendance_audit SET new_status = 'late' WHERE id = 2523")).toBe(
      "changed 2523",
    );
    await engine.query("UPDATE event_attendance_audit SET new_status = 'present' WHERE id = 2523");
    expect(await scanAttendanceAudit(context)).toMatchObject({ problems: [] });
    expect(await findings("DELETE FROM event_attendance_audit WHERE id = 2523")).toBe("deleted 2523");
    expect(await findings("DELETE FROM event_attendance_audit WHERE id <= 10")).toBe("deleted 1-1000,deleted 2523");
    const baseline = { ...options, reason: "a court's order" };
    expect(await scanAttendanceAudit(context, { baseline })).toMatchObject({ rows: 2_514, problems: [] });
    expect(await scanAttendanceAudit(context)).toMatchObject({ problems: [] });
    await engine.query(
      family === "sqlite" ? "DELETE FROM event_attendance_audit" : "TRUNCATE TABLE event_attendance_audit",
    );
    await expect(scanAttendanceAudit(context)).rejects.toMatchObject({ code: "ATTENDANCE_AUDIT_CHANGED" });
    await engine.query("DROP TABLE event_attendance_audit");
    expect(await findings("SELECT 1")).toBe("table-gone event_attendance_audit");
  });

  test("a row that commits late among recent ones is none that was added", async () => {
    await using site = await migrated(name);
    const { context, clock } = site;
    const { engine } = context;
    await addRows(engine, 1, 3);
    await engine.query("DELETE FROM event_attendance_audit WHERE id = 2");
    await scanAttendanceAudit(context);
    const always = family === "postgres" ? "OVERRIDING SYSTEM VALUE " : "";
    const late = `INSERT INTO event_attendance_audit (id, event_id, participant_id, action, new_status) ${always}VALUES (2, 1, 2, 'check_in', 'present')`;
    await engine.query(late);
    expect(await scanAttendanceAudit(context)).toMatchObject({ problems: [] });
    clock.advance(20 * minute);
    await addRows(engine, 9, 1);
    await scanAttendanceAudit(context);
    // A column that comes later changes no digest of what is there.
    await engine.query("ALTER TABLE event_attendance_audit ADD COLUMN device varchar(20)");
    expect(await scanAttendanceAudit(context)).toMatchObject({ problems: [] });
    await engine.query("DELETE FROM event_attendance_audit WHERE id = 2");
    await expect(scanAttendanceAudit(context)).rejects.toMatchObject({ code: "ATTENDANCE_AUDIT_CHANGED" });
  });

  test("what was not migrated fails every check, and says why", async () => {
    await using site = await testContext(name);
    await createInstallation(site.context.engine);
    const report = await verifyAttendance(site.context);
    expect(report.passed).toBe(false);
    expect(report.checks.filter(({ outcome }) => outcome === "PASS")).toEqual([]);
    await migrateAttendance(site.context, options);
    await scanAttendanceAudit(site.context);
    const after = await verifyAttendance(site.context);
    expect(after.checks.filter(({ outcome }) => outcome === "FAIL")).toEqual([]);
    expect(after).toMatchObject({ passed: true, summary: { warnings: 1 } });
    await site.context.engine.query("UPDATE event_participants SET attendance_status = NULL WHERE participant_id = 1");
    expect(await outcomes(site.context)).toMatchObject({ backfill: "FAIL" });
  });
});
