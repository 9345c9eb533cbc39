import { randomUUID } from "node:crypto";
import type { Connection, Engine } from "@runback/core";
import { migrateAttendance, planAttendance, runRollback } from "@runback/operations";
import { describe, expect, test } from "vitest";
import { auditTable, testContext } from "../operations/support.ts";
import { familyOf } from "../support/family.ts";
import { half } from "../support/rotated-engines.ts";
import { attendanceEngines } from "./engines.ts";
import { createInstallation } from "./installation.ts";

const options = { operator: "ana", auditTable };

const statuses = async (engine: Engine) =>
  (
    await engine.query<{ status: string | null; people: string }>(
      `SELECT attendance_status AS status, ${engine.dialect.cast("count(*)", "text")} AS people FROM event_participants GROUP BY attendance_status `,
    )
  ).rows
    .map(({ status, people }) => [status, Number(people)] as const)
    .sort(([a], [b]) => (String(a) < String(b) ? -1 : 1));

/** Places at which a process may die: before or after any statement that goes to the server in a transaction. */
class Killed extends Error {}
function dyingAt(engine: Engine, at: number): { engine: Engine; asked: () => number } {
  let count = 0;
  const die = () => {
    if (count++ === at) throw new Killed();
  };
  const over = (tx: Connection): Connection => ({
    ...tx,
    query: async (text, params) => {
      die();
      return await tx.query(text, params);
    },
    savepoint: (work) => tx.savepoint((inner) => work(over(inner))),
  });
  return {
    engine: { ...engine, transaction: (work, how) => engine.transaction((tx) => work(over(tx)), how) },
    asked: () => count,
  };
}

describe.each(half(attendanceEngines))("attendance migration on %s", (name) => {
  const family = familyOf(name);

  test("a fresh installation gets everything, once, and its backfill can be taken back", async () => {
    await using site = await testContext(name);
    const { engine } = site.context;
    await createInstallation(engine);
    const planned = await planAttendance(site.context);
    expect(planned).toMatchObject({ runId: null, dryRun: true, backfill: 30, obstacles: [], differences: [] });
    expect(await engine.catalog()).toMatchObject({ tables: [{ name: "event_participants" }, { name: "events" }] });

    const made = await migrateAttendance({ ...site.context, stepRows: 7 }, options);
    expect(made.steps.map(({ object }) => object)).toEqual(planned.steps.map(({ object }) => object));
    expect(made).toMatchObject({ backfill: 30, dryRun: false });
    expect(await statuses(engine)).toEqual([["unknown", 30]]);
    expect(await planAttendance(site.context)).toMatchObject({
      ...{ steps: [], differences: [], obstacles: [], backfill: 0 },
    });
    expect(await migrateAttendance(site.context, options)).toMatchObject({ runId: null, steps: [], backfill: 0 });
    await expect(
      engine.query("UPDATE event_participants SET attendance_status = 'nonsense' WHERE participant_id = 1"),
    ).rejects.toThrow();

    // Somebody came meanwhile: that row is theirs.
    await engine.query("UPDATE event_participants SET attendance_status = 'present' WHERE participant_id = 3");
    const undone = await runRollback(site.context, { ...options, runId: made.runId!, onConflict: "skip" });
    expect(undone.classes).toMatchObject({ reverted: 29, edited: 1 });
    expect(await statuses(engine)).toEqual(
      expect.arrayContaining([
        [null, 29],
        ["present", 1],
      ]),
    );
    // And once more: only who has none gets one.
    expect(await migrateAttendance(site.context, options)).toMatchObject({ steps: [], backfill: 29 });
    expect(await statuses(engine)).toEqual([
      ["present", 1],
      ["unknown", 29],
    ]);
  });

  test("an older installation keeps what it has, in its own types, and is told what differs", async () => {
    await using site = await testContext(name);
    const { engine } = site.context;
    await createInstallation(engine);
    const older = family === "mysql" ? "datetime" : family === "postgres" ? "timestamp" : "DATETIME";
    await engine.query("ALTER TABLE event_participants ADD COLUMN attendance_status varchar(20)");
    await engine.query(`ALTER TABLE event_participants ADD COLUMN attendance_marked_at ${older}`);
    await engine.query("ALTER TABLE event_participants ADD COLUMN attendance_marked_by bigint");
    await engine.query("CREATE INDEX idx_participants_event_attendance ON event_participants (event_id)");
    await engine.query("UPDATE event_participants SET attendance_status = 'late' WHERE participant_id <= 5");
    const planned = await planAttendance(site.context);
    expect(planned.present).toEqual(
      expect.arrayContaining(["event_participants.attendance_status", "idx_participants_event_attendance"]),
    );
    expect(planned.obstacles).toEqual([]);
    expect(planned.differences.map(({ object }) => object)).toEqual(
      expect.arrayContaining(["event_participants.attendance_status", "idx_participants_event_attendance"]),
    );
    expect(planned.backfill).toBe(25);
    const made = await migrateAttendance(site.context, options);
    expect(made.differences).toEqual(planned.differences);
    expect(await statuses(engine)).toEqual([
      ["late", 5],
      ["unknown", 25],
    ]);
    expect(await planAttendance(site.context)).toMatchObject({ steps: [], obstacles: [], backfill: 0 });
  });

  test("what cannot be used is refused, all of it named, with nothing changed", async () => {
    await using site = await testContext(name);
    const { engine } = site.context;
    await createInstallation(engine);
    await engine.query("ALTER TABLE event_participants ADD COLUMN attendance_status int");
    await engine.query("ALTER TABLE event_participants ADD COLUMN attendance_marked_at int");
    await engine.query(
      `CREATE TABLE event_attendance_audit (id int PRIMARY KEY, event_id int NOT NULL, participant_id int NOT NULL, dedupe_key varchar(191),
        FOREIGN KEY (participant_id) REFERENCES event_participants (participant_id) ON DELETE CASCADE)`,
    );
    const before = await engine.catalog();
    const refused = await migrateAttendance(site.context, options).catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: "ATTENDANCE_OBSTACLE" });
    const obstacles = (refused as { details: { obstacles: { object: string }[] } }).details.obstacles;
    const named = obstacles.map(({ object }) => object);
    expect(named).toEqual(
      expect.arrayContaining([
        "event_participants.attendance_status",
        "event_participants.attendance_marked_at",
        "event_attendance_audit",
        "event_attendance_audit.action",
        "event_attendance_audit.dedupe_key",
      ]),
    );
    expect(await engine.catalog()).toEqual(before);
    expect((await engine.store.runs(engine, { limit: 10 })).runs).toEqual([]);
  });

  test("without its tables it says so", async () => {
    await using site = await testContext(name);
    await expect(migrateAttendance(site.context, options)).rejects.toMatchObject({
      code: "ATTENDANCE_OBSTACLE",
      details: { obstacles: [{ object: "event_participants", detail: "is not on this target" }] },
    });
  });

  test("killed before any statement, the next call goes on with the same run, and every row is set once", async () => {
    await using site = await testContext(name);
    const { engine } = site.context;
    await createInstallation(engine, 20);
    const runs = new Set<string>();
    let died = 0;
    for (let at = 0; ; at += family === "mysql" ? 1 : 3) {
      const dying = dyingAt(engine, at);
      const context = {
        ...site.context,
        engine: dying.engine,
        stepRows: 6,
        holder: `dead:${randomUUID()}`,
        isDead: () => true,
      };
      const outcome = await migrateAttendance(context, options).catch((error: unknown) => error);
      for (const run of (await engine.store.runs(engine, { limit: 10 })).runs) runs.add(run.runId);
      if (!(outcome instanceof Killed)) {
        expect(outcome).toMatchObject({ obstacles: [] });
        break;
      }
      died++;
    }
    expect(died).toBeGreaterThan(5);
    expect(runs.size).toBe(1);
    const [runId] = runs;
    expect(await engine.store.run(engine, runId!)).toMatchObject({ state: "completed", rows: 20 });
    expect(await engine.journal.rows(engine, runId!)).toBe(20);
    expect(await statuses(engine)).toEqual([["unknown", 20]]);
    expect(await planAttendance(site.context)).toMatchObject({
      steps: [],
      differences: [],
      obstacles: [],
      backfill: 0,
    });
  });
});
