import { attendeeStatus, eventAttendees, eventParticipants } from "@runback/attendance";
import type { Connection, Engine, Logger } from "@runback/core";
import { type Context, listAlerts, migrateAttendance } from "@runback/operations";
import { openRuntime, type RunbackConfig, type Runtime } from "@runback/runtime";
import { describe, expect, test } from "vitest";
import { definitionOf, shapeOf } from "../../packages/operations/src/cutover/stored-cutover.ts";
import { runtimeOver } from "../../packages/runtime/src/runtime.ts";
import { createInstallation } from "../attendance/installation.ts";
import { createTables } from "../attendance/tables.ts";
import { families } from "../cutover/support.ts";
import { auditTable, type TestContext, testContext } from "../operations/support.ts";
import { familyOf } from "../support/family.ts";
import { inTurn } from "../support/rotated-engines.ts";

const nothing: RunbackConfig = { migrations: [] };
const attending: RunbackConfig = { ...nothing, attendance: { vocabulary: eventParticipants } };
const attendees: RunbackConfig = { ...nothing, attendance: { vocabulary: eventAttendees } };
const standing = ["audit-verification", "vault-retention", "snapshot-verification", "alert-delivery"];

function runtimeOf(
  { context }: TestContext,
  config: RunbackConfig,
  { engine = context.engine, logger = context.logger }: { engine?: Engine; logger?: Logger } = {},
): Runtime {
  const parts = { config, home: ".", target: "default", env: {}, databaseUrl: "", protectedTarget: false };
  return runtimeOver({ ...parts, context: { ...context, engine, logger }, close: async () => {} });
}

const codes = async ({ context }: { readonly context: Context }) =>
  (await listAlerts(context, {})).alerts.map(({ check, code }) => `${check} ${code}`).sort();

describe.each(families)("monitors of attendance on %s", (name) => {
  test("where attendance is configured, a table or column that is not there is a failure, with its alert", async () => {
    await using site = await testContext(name);
    const { engine } = site.context;
    const { monitors } = runtimeOf(site, attending);
    const both = ["completion", "attendance-audit"];
    const missing = async () => {
      const found: unknown[] = [];
      for (const monitor of both)
        found.push(
          await monitors.run(monitor).then(
            () => "passed",
            (error: { code: string; details?: { missing?: string[] } }) => error.details?.missing ?? error.code,
          ),
        );
      return found;
    };
    expect(await missing()).toEqual([
      ["events", "event_participants", "event_attendance_audit"],
      ["event_attendance_audit"],
    ]);
    expect(await codes(site)).toEqual(
      [...both].sort().map((monitor) => `monitor:${monitor} ATTENDANCE_TABLES_MISSING`),
    );
    await createInstallation(engine, 0);
    expect(await missing()).toEqual([
      expect.arrayContaining(["event_participants.attendance_status"]),
      expect.anything(),
    ]);
    await migrateAttendance(site.context, { operator: "tests", auditTable });
    expect(await missing()).toEqual(["passed", "passed"]);
    expect(await codes(site)).toEqual([]);

    // The process has seen the tables; what became of them since is found all the same.
    await engine.query("ALTER TABLE event_participants RENAME COLUMN attendance_marked_at TO marked_at");
    expect(await missing()).toEqual([["event_participants.attendance_marked_at"], "passed"]);
    await engine.query("ALTER TABLE event_participants RENAME COLUMN marked_at TO attendance_marked_at");
    await engine.query("DROP TABLE event_attendance_audit");
    expect(await missing()).toEqual([["event_attendance_audit"], "ATTENDANCE_AUDIT_CHANGED"]);
    // Also by an installation that does not configure it: there was one.
    await expect(runtimeOf(site, nothing).monitors.run("attendance-audit")).rejects.toMatchObject({
      code: "ATTENDANCE_AUDIT_CHANGED",
    });
  });

  test("the audit of another vocabulary is watched as well", async () => {
    await using site = await testContext(name);
    const { engine } = site.context;
    await createTables(engine, familyOf(name), "attendees");
    const { monitors } = runtimeOf(site, attendees);
    await engine.query(
      "INSERT INTO status_audit_log (id, attendance_id, prior_status, new_status, changed_at) VALUES (1, 'a', 'walkin', 'checkedin', '2026-01-10 10:00:00'), (2, 'b', 'walkin', 'dna', '2026-01-10 10:00:00')",
    );
    expect(await monitors.run("attendance-audit")).toMatchObject({ watched: true, rows: 2 });
    await engine.query("UPDATE status_audit_log SET new_status = 'dna' WHERE id = 1");
    await expect(monitors.run("attendance-audit")).rejects.toMatchObject({ code: "ATTENDANCE_AUDIT_CHANGED" });
    await engine.query("DROP TABLE status_audit_log");
    await engine.query("CREATE TABLE status_audit_log (id varchar(36) PRIMARY KEY)");
    await expect(monitors.run("attendance-audit")).rejects.toMatchObject({ code: "ATTENDANCE_AUDIT_UNWATCHED" });
    const told = { ...attendees, attendance: { vocabulary: eventAttendees, scanAudit: false as const } };
    expect(await runtimeOf(site, told).monitors.fire("attendance-audit")).toMatchObject({ configured: false });
  });

  test("of a cutover: nothing to count before it began, and a failure where its table is gone after", async () => {
    await using site = await testContext(name);
    const { engine } = site.context;
    const { monitors } = runtimeOf(site, { ...nothing, cutovers: [attendeeStatus] });
    const run = () => monitors.run("cutover-attendee-status");
    expect(await run()).toMatchObject({ position: "planned", counts: null });
    await entered(site, 1);
    await expect(run()).rejects.toMatchObject({
      code: "CUTOVER_UNMEASURED",
      message: expect.stringContaining("table event_attendance is not there"),
    });
    await engine.query("CREATE TABLE event_attendance (id integer PRIMARY KEY, status varchar(40))");
    await expect(monitors.runCutovers()).rejects.toMatchObject({
      message: expect.stringContaining("no column status_v2"),
    });
    expect(await codes(site)).toEqual(["monitor:cutover-attendee-status CUTOVER_UNMEASURED"]);
    await engine.query("ALTER TABLE event_attendance ADD COLUMN status_v2 varchar(40)");
    expect(await run()).toMatchObject({ counts: { total: 0 } });
    expect(await codes(site)).toEqual([]);
  });
});

/** As if the cutover had been advanced there. */
async function entered({ context: { engine } }: TestContext, phase: number): Promise<void> {
  await engine.query(
    `INSERT INTO ${engine.dialect.table({ schema: "runback", name: "cutovers" })} (name, phase, state, since, shape_sha256, definition_sha256, comparing, changed_by, changed_at)
     VALUES ('attendee-status', ${phase}, 'entered', '2026-01-10T10:00:00.000Z', '${shapeOf(attendeeStatus)}', '${definitionOf(attendeeStatus)}', 0, 'tests', '2026-01-10T10:00:00.000Z')`,
  );
}

describe.each(inTurn(families))("monitors on %s", (name) => {
  test("what is not configured is no monitor, and its deployed schedule does nothing but say so", async () => {
    await using site = await testContext(name);
    const log: { op: string; message?: unknown }[] = [];
    const logger: Logger = { log: (_level, op, fields) => void log.push({ op, ...fields }) };
    const { monitors } = runtimeOf(site, nothing, { logger });
    expect((await monitors.list()).map((each) => each.name)).toEqual([...standing, "attendance-audit"]);
    await expect(monitors.run("completion")).rejects.toMatchObject({
      code: "MONITOR_UNKNOWN",
      message: expect.stringContaining("no `attendance` in its configuration"),
    });
    await expect(monitors.fire("no-such-schedule")).rejects.toMatchObject({ code: "MONITOR_UNKNOWN" });
    expect(await monitors.fire("completion")).toMatchObject({ configured: false });
    expect(await monitors.runCutovers()).toBe(0);
    expect(log).toMatchObject([
      { op: "schedule.completion", message: expect.stringContaining("nothing was looked at") },
      { op: "schedule.cutover-monitors", message: expect.stringContaining("nothing was looked at") },
    ]);
    expect(await monitors.fire("attendance-audit")).toMatchObject({ watched: false });
    expect((await runtimeOf(site, attending).monitors.list()).map((each) => each.name)).toContain("completion");
  });

  test("a query that fails is a failure, told by its code and not in the driver's words", async () => {
    await using site = await testContext(name);
    const { engine } = site.context;
    await createInstallation(engine, 0);
    await migrateAttendance(site.context, { operator: "tests", auditTable });
    await engine.query(
      "CREATE TABLE event_attendance (id integer PRIMARY KEY, status varchar(40), status_v2 varchar(40))",
    );
    await entered(site, 1);
    const config = { ...attending, cutovers: [attendeeStatus] };
    const failing = runtimeOf(site, config, {
      engine: failingAt(engine, /event_attendance\b|event_participants|event_attendance_audit/),
    });
    for (const monitor of ["completion", "attendance-audit", "cutover-attendee-status"])
      await expect(failing.monitors.run(monitor), monitor).rejects.toThrow();
    expect(await codes(site)).toEqual([
      "monitor:attendance-audit UNEXPECTED",
      "monitor:completion UNEXPECTED",
      "monitor:cutover-attendee-status CUTOVER_UNMEASURED",
    ]);
    expect(JSON.stringify((await listAlerts(site.context, {})).alerts)).not.toContain("ada@example.org");
    const well = runtimeOf(site, config);
    for (const { name: monitor } of await well.monitors.list())
      if (!standing.includes(monitor)) await well.monitors.run(monitor);
    expect(await codes(site)).toEqual([]);
  });
});

/** The engine, with every statement about these tables answered by an error that quotes a row. */
function failingAt(engine: Engine, tables: RegExp): Engine {
  const failing = <T extends Connection>(connection: T): T =>
    new Proxy(connection, {
      get: (of, property) => {
        const value = Reflect.get(of, property, of) as unknown;
        if (property === "query")
          return async (sql: string, params: never) => {
            if (
              /^SELECT/.test(sql) &&
              tables.test(sql) &&
              !/information_schema|pg_catalog|sqlite_schema|runback/.test(sql)
            )
              throw Object.assign(new Error("row (1, ada@example.org) is broken"), { code: "XX001" });
            return await of.query(sql, params);
          };
        if (property === "transaction")
          return (work: (tx: Connection) => unknown, options: never) =>
            (of as unknown as Engine).transaction(async (tx) => await work(failing(tx)), options);
        return typeof value === "function" ? value.bind(of) : value;
      },
    });
  return failing(engine);
}

test.each(["postgres://nobody@127.0.0.1:1/none", "mysql://nobody@127.0.0.1:1/none"])(
  "with %s down every monitor fails",
  async (DATABASE_URL) => {
    await using site = await testContext("sqlite");
    const runtime = await openRuntime({
      config: { ...attending, cutovers: [attendeeStatus] },
      home: ".",
      env: { DATABASE_URL, VAULT_URL: site.store.vault.location },
    });
    try {
      for (const name of [...standing, "attendance-audit", "completion", "cutover-attendee-status"])
        await expect(runtime.monitors.fire(name), name).rejects.toMatchObject({ code: "TARGET_UNREACHABLE" });
      await expect(runtime.monitors.runCutovers()).rejects.toMatchObject({ code: "TARGET_UNREACHABLE" });
    } finally {
      await runtime.close();
    }
  },
);
