import { checkIn, closeDueEvents, closeEvent, closingOf, dueEvents } from "@runback/operations";
import { describe, expect, test } from "vitest";
import { engineNames } from "../support/engines.ts";
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
