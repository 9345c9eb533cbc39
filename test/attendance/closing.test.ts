import { type Connection, type Engine, RunbackError } from "@runback/core";
import { checkIn, closeDueEvents, closeEvent, closingOf, dueEvents, listAlerts } from "@runback/operations";
import { describe, expect, test } from "vitest";
import { engineNames } from "../support/engines.ts";
import { familyOf } from "../support/family.ts";
import { half, rotatedEngines } from "../support/rotated-engines.ts";
import {
  addEvent,
  after,
  anotherProcess,
  asReplayed,
  attendanceTarget,
  auditTable,
  before,
  closes,
  entries,
  house,
  people,
  replayed,
  statusOf,
  takeBack,
  unseen,
} from "./attendance-target.ts";

const by = { ...house, operator: "schedule", auditTable };

// Always through the pooler, too: with more statements at once than sessions, answers were lost there, and closings hung.
const engines = [...new Set([...half(rotatedEngines, 1), ...engineNames.filter((name) => name === "pgbouncer")])];

describe.each(engines)("closing on %s", (name) => {
  test("marks who was not seen, completes the event, and is taken back exactly", { timeout: 120_000 }, async () => {
    await using target = await attendanceTarget(name);
    const { context } = target;
    await addEvent(target, 7, [
      ...unseen(5),
      ["registered", "present"],
      ["registered", "late"],
      ["registered", "absent"],
      ["waitlisted", null],
      ["cancelled", "unknown"],
    ]);
    const began = await people(target, 7);
    const result = await closeEvent({ ...context, stepRows: 2 }, { ...by, event: "7" });
    expect(result).toMatchObject({
      event: "7",
      completed: true,
      finalized: 2,
      summary: {
        scanned: 8,
        flagged: 5,
        skipped: { dedupe: 0, already_absent: 1, other: 2 },
        batches: [
          { batch: 1, flagged: 2 },
          { batch: 2, flagged: 2 },
          { batch: 3, flagged: 1 },
        ],
      },
    });
    expect(await statusOf(target, 7)).toBe("completed");
    const then = await people(target, 7);
    expect(then.map(({ registration, attendance }) => `${registration} ${attendance}`)).toEqual([
      ...Array(5).fill("registered absent"),
      "attended present",
      "attended late",
      "registered absent",
      "waitlisted null",
      "cancelled unknown",
    ]);
    expect(
      then.slice(0, 5).every(({ markedAt, markedBy }) => markedAt === closes.toISOString() && markedBy === "schedule"),
    ).toBe(true);
    const log = await entries(target);
    expect(
      log.map(({ action, previous, status, reason }) => `${action} ${previous} ${status} ${reason}`).sort(),
    ).toEqual([
      "finalize_attended registered attended completed",
      "finalize_attended registered attended completed",
      "mark_absent null absent auto-absent",
      "mark_absent null absent auto-absent",
      "mark_absent unknown absent auto-absent",
      "mark_absent unknown absent auto-absent",
      "mark_absent unknown absent auto-absent",
    ]);
    expect(replayed(began, log)).toEqual(asReplayed(then));

    // Closed again there is nothing to do, by hand and by schedule.
    expect((await closeEvent(context, { ...by, event: "7" })).runId).toBeNull();
    expect(await dueEvents(context, house)).toEqual([]);
    expect(await entries(target)).toEqual(log);

    const undone = await takeBack(context, result.runId!);
    expect(undone).toMatchObject({ verified: true, classes: { reverted: 8, edited: 0, missing: 0, referenced: 0 } });
    expect(await people(target, 7)).toEqual(began);
    expect(await statusOf(target, 7)).toBe("published");
    expect(replayed(began, await entries(target))).toEqual(asReplayed(began));
    expect((await entries(target)).length).toBe(14);

    // Nothing blocks a later closing, which writes entries of its own; and taking back a taking back brings it all again.
    expect(await dueEvents(context, house)).toEqual(["7"]);
    await takeBack(context, undone.rollbackRunId!);
    expect(await people(target, 7)).toEqual(then);
    expect(replayed(began, await entries(target))).toEqual(asReplayed(then));
  });

  test("any number of schedulers close everything due exactly once, and nothing else", {
    timeout: 120_000,
  }, async () => {
    await using target = await attendanceTarget(name);
    await addEvent(target, 1, unseen(30));
    await addEvent(target, 2, unseen(30), { status: "ongoing" });
    await addEvent(target, 3, unseen(3), { status: "completed" });
    await addEvent(target, 4, unseen(3), { endsAt: after(1) });
    for (const [at, status] of ["draft", "cancelled", "archived", "postponed"].entries())
      await addEvent(target, 10 + at, unseen(3), { status });
    const untouched = async () =>
      await Promise.all(
        [4, 10, 11, 12, 13].map(async (event) => [await statusOf(target, event), await people(target, event)]),
      );
    const others = await untouched();
    expect(await dueEvents(target.context, house)).toEqual(["1", "2", "3"]);
    // Those of the past are the schedule's business only from when it is told on.
    expect(await dueEvents(target.context, { ...house, since: after(0) })).toEqual(["1", "2", "3"]);
    expect(await dueEvents(target.context, { ...house, since: after(1) })).toEqual([]);
    const runners = Array.from({ length: 5 }, () => anotherProcess(target, { stepRows: 7 }));
    const ticks = async () => await Promise.all(runners.map((runner) => closeDueEvents(runner, by)));
    const closed = (await ticks()).flatMap((each) => each.closed);
    closed.push(...(await ticks()).flatMap((each) => each.closed));
    expect(closed.map(({ event }) => event).sort()).toEqual(["1", "2", "3"]);
    expect(closed.reduce((sum, { summary }) => sum + summary.flagged, 0)).toBe(63);
    expect((await entries(target)).length).toBe(63);
    expect(await untouched()).toEqual(others);
  });

  test("an event whose times cannot be read keeps no other waiting, and is told", { timeout: 120_000 }, async () => {
    await using target = await attendanceTarget(name);
    const { engine } = target;
    await addEvent(target, 1, unseen(2), { grace: -60, endsAt: before(1) });
    await addEvent(target, 2, unseen(2));
    const one = { details: { failed: [{ event: "1", code: "EVENT_TIMES_INVALID" }] } };
    const due = () => closeDueEvents(target.context, by);
    await expect(due()).rejects.toMatchObject({ code: "COMPLETION_INCOMPLETE", exit: 1, ...one });
    const alerts = async () => (await listAlerts(target.context, {})).alerts;
    expect(await alerts()).toMatchObject([
      { title: "Event 1 is over and could not be closed", code: "EVENT_TIMES_INVALID", reasons: [] },
    ]);
    // Where it cannot be looked at for a moment, nothing passes and nothing is taken for done with.
    const gone = new RunbackError("TARGET_UNREACHABLE", "The target is gone.", { recovery: "Try again." });
    const query: Connection["query"] = (sql, params) =>
      sql.includes(" AS starts_at") ? Promise.reject(gone) : engine.query(sql, params);
    const cut = { ...target.context, engine: { ...engine, query } };
    await expect(closeDueEvents(cut, by)).rejects.toMatchObject({ code: "TARGET_UNREACHABLE" });
    expect(await alerts()).toHaveLength(1);
    expect(await statusOf(target, 2)).toBe("completed");
    expect(await statusOf(target, 1)).toBe("published");
    const subject = { event: "1", user: "1" };
    await expect(checkIn(target.context, { ...house, subject, actor: "7" })).rejects.toMatchObject({
      code: "EVENT_TIMES_INVALID",
    });
    await engine.query("UPDATE events SET attendance_grace_mins = NULL WHERE event_id = 1");
    if (name === "sqlite") {
      // Seconds of an epoch: no time of SQLite's, and so never past.
      await engine.query("UPDATE events SET end_datetime = 1792890000 WHERE event_id = 1");
      await expect(closeDueEvents(target.context, { ...by, since: before(1) })).rejects.toMatchObject(one);
      await engine.query("UPDATE events SET end_datetime = '2026-10-25T01:00:00Z' WHERE event_id = 1");
    }
    expect((await due()).closed.map(({ event }) => event)).toEqual(["1"]);
    expect(await alerts()).toEqual([]);
  });

  test("events that fail for good keep no others waiting, each has an alert, and each is tried again", {
    timeout: 120_000,
  }, async () => {
    await using target = await attendanceTarget(name);
    const { context, engine } = target;
    for (let event = 1; event <= 8; event++) await addEvent(target, event, unseen(2), { endsAt: before(event) });
    // The four that ended first can never be marked.
    await refuse(engine, familyOf(name), [5, 6, 7, 8]);
    const unresolved = async () =>
      (await listAlerts(context, {})).alerts
        .map(({ check, code, occurrences }) => `${check} ${code === "UNEXPECTED"} ${occurrences}`)
        .sort();
    const fire = async () => {
      target.now = new Date(target.now.getTime() + 60_000);
      const firing = closeDueEvents(context, { ...by, eventsAtMost: 2 });
      return await firing.then(
        ({ closed }) =>
          closed
            .map(({ event }) => event)
            .sort()
            .join(),
        (error: { code: string; details: { failed: { event: string }[] } }) =>
          `${error.code} ${error.details.failed
            .map(({ event }) => event)
            .sort()
            .join()}`,
      );
    };
    expect(await fire()).toBe("COMPLETION_INCOMPLETE 7,8");
    expect(await fire()).toBe("COMPLETION_INCOMPLETE 5,6");
    expect(await fire()).toBe("3,4");
    expect(await fire()).toBe("1,2");
    expect(await fire()).toBe("COMPLETION_INCOMPLETE 7,8");
    expect(await fire()).toBe("COMPLETION_INCOMPLETE 5,6");
    expect(await unresolved()).toEqual([5, 6, 7, 8].map((event) => `run:attendance:attendance:${event} true 2`));
    const titles = (await listAlerts(context, {})).alerts.map(({ title, reasons }) => [title, ...reasons].join());
    for (const title of titles) expect(title).toMatch(/^Run run-[0-9a-z-]+ \(attendance of attendance:[5-8]\) failed$/);

    // One is postponed, one is gone, and the others can be marked again: nothing is left to tell.
    await engine.query("UPDATE events SET status = 'postponed' WHERE event_id = 8");
    await engine.query("DELETE FROM event_participants WHERE event_id = 7");
    await engine.query("DELETE FROM events WHERE event_id = 7");
    await allow(engine, familyOf(name));
    expect(await fire()).toBe("");
    expect(await fire()).toBe("5,6");
    expect(await unresolved()).toEqual([]);
    expect(await dueEvents(context, house)).toEqual([]);
  });

  test("without its tables, or one of their columns, it fails: nothing was looked at", async () => {
    await using target = await attendanceTarget(name);
    const { context, engine } = target;
    expect(await closeDueEvents(context, by)).toEqual({ closed: [], busy: [] });
    await engine.query("ALTER TABLE event_participants RENAME COLUMN attendance_status TO presence");
    await expect(closeDueEvents(context, by)).rejects.toMatchObject({
      ...{ code: "ATTENDANCE_TABLES_MISSING" },
      details: { missing: ["event_participants.attendance_status"] },
    });
    await engine.query("ALTER TABLE event_participants RENAME COLUMN presence TO attendance_status");
    await engine.query("ALTER TABLE event_participants RENAME TO people");
    await expect(closeDueEvents(context, by)).rejects.toMatchObject({
      details: { missing: ["event_participants"] },
    });
  });
});

test("a closing is told from runs that are none: those are not taken back in its name", async () => {
  await using target = await attendanceTarget("sqlite");
  const { context, engine } = target;
  await addEvent(target, 1, unseen(2));
  const { runId } = await closeEvent(context, { ...by, event: "1" });
  expect(await closingOf(context, runId!)).toBe("1");
  const { rollbackRunId } = await takeBack(context, runId!);
  expect(await closingOf(context, rollbackRunId!)).toBe("1");
  const about = { kind: "exec", mode: "live", migration: "exec:psql", operator: "ana", input: {} } as const;
  const startedAt = context.clock.now().toISOString();
  await engine.transaction((tx) => engine.store.createRun(tx, { runId: "run-of-psql", startedAt, ...about }));
  await expect(closingOf(context, "run-of-psql")).rejects.toMatchObject({
    ...{ code: "RUN_NOT_FOUND", recovery: expect.stringContaining("of kind exec") },
  });
  await expect(closingOf(context, "run-nope")).rejects.toMatchObject({ code: "RUN_NOT_FOUND" });
});

/** Nobody of these events can be marked. */
async function refuse(engine: Engine, family: string, events: readonly number[]): Promise<void> {
  const these = `OLD.event_id IN (${events.join(", ")})`;
  if (family === "sqlite")
    await engine.script(
      `CREATE TRIGGER refuse BEFORE UPDATE ON event_participants WHEN ${these} BEGIN SELECT RAISE(ABORT, 'no'); END`,
    );
  else if (family === "mysql")
    await engine.script(
      `CREATE TRIGGER refuse BEFORE UPDATE ON event_participants FOR EACH ROW IF ${these} THEN SIGNAL SQLSTATE '45000'; END IF`,
    );
  else {
    await engine.script(
      "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$",
    );
    await engine.script(
      `CREATE TRIGGER refuse BEFORE UPDATE ON event_participants FOR EACH ROW WHEN (${these}) EXECUTE FUNCTION refuse()`,
    );
  }
}

async function allow(engine: Engine, family: string): Promise<void> {
  await engine.script(`DROP TRIGGER refuse${family === "postgres" ? " ON event_participants" : ""}`);
}
