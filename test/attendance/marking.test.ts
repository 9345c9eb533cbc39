import type { RunbackError } from "@runback/core";
import { attendanceEntries, attendanceReport, checkIn, closeEvent, correctAttendance } from "@runback/operations";
import { describe, expect, test } from "vitest";
import { half } from "../support/rotated-engines.ts";
import {
  type AttendanceTarget,
  addEvent,
  after,
  anotherProcess,
  attendanceTarget,
  auditTable,
  before,
  closes,
  ended,
  entries,
  house,
  minuteMs,
  people,
} from "./attendance-target.ts";
import { attendanceEngines } from "./engines.ts";

const starts = before(120 * minuteMs);
const from = (ms: number) => new Date(starts.getTime() + ms);

/** What a check-in at this time does, in a word. */
async function comes(target: AttendanceTarget, event: number, user: number, at: Date): Promise<string> {
  target.now = at;
  try {
    const marked = await checkIn(target.context, {
      ...{ ...house, actor: "door", subject: { event: String(event), user: String(user) } },
    });
    return marked.changed ? marked.status : `still ${marked.status}`;
  } catch (error) {
    return String((error as RunbackError).details?.reason ?? error);
  }
}

const registered = (n: number) => Array.from({ length: n }, () => ["registered", "unknown"] as const);

describe.each(half(attendanceEngines, 1))("marking on %s", (name) => {
  test("opens and closes to the millisecond, and the first time stays", { timeout: 120_000 }, async () => {
    await using target = await attendanceTarget(name);
    await addEvent(target, 1, [...registered(7), ["waitlisted", null]], { status: "ongoing" });
    const said: string[] = [];
    for (const [user, at] of [
      [1, from(-15 * minuteMs - 1)],
      [1, from(-15 * minuteMs)],
      [2, starts],
      [3, from(10 * minuteMs)],
      [4, from(10 * minuteMs + 1)],
      [5, after(10 * minuteMs - 1)],
      [6, after(10 * minuteMs)],
      [1, after(10 * minuteMs)],
      [8, starts],
    ] as const)
      said.push(await comes(target, 1, user, at));
    expect(said).toEqual([
      ...[
        "too_early",
        "present",
        "present",
        "present",
        "late",
        "late",
        "event_closed",
        "still present",
        "not_registered",
      ],
    ]);
    expect((await people(target, 1))[0]).toMatchObject({
      attendance: "present",
      markedAt: from(-15 * minuteMs).toISOString(),
      markedBy: "door",
    });
    expect((await entries(target)).map(({ action, status }) => `${action} ${status}`)).toEqual([
      ...["check_in present", "check_in present", "check_in present", "check_in late", "check_in late"],
    ]);
  });

  test("overrides of zero minutes are zero, for check-in and for closing", { timeout: 120_000 }, async () => {
    await using target = await attendanceTarget(name);
    await addEvent(target, 1, registered(4), { window: 0, grace: 0 });
    const said: string[] = [];
    for (const [user, at] of [
      [1, from(-1)],
      [1, starts],
      [2, from(1)],
      [3, ended],
    ] as const)
      said.push(await comes(target, 1, user, at));
    expect(said).toEqual(["too_early", "present", "late", "event_closed"]);
    const close = { ...house, event: "1", operator: "schedule", auditTable };
    target.now = before(1);
    await expect(closeEvent(target.context, close)).rejects.toMatchObject({ code: "EVENT_NOT_OVER" });
    target.now = ended;
    expect((await closeEvent(target.context, close)).summary.flagged).toBe(2);
  });

  test("refuses what is no key, no status, no reason, no event that was held; nothing is written", async () => {
    await using target = await attendanceTarget(name);
    const { context } = target;
    await addEvent(target, 1, registered(1), { status: "postponed" });
    target.now = closes;
    const correction = { ...house, actor: "staff", subject: { participant: "100001" }, to: "absent", reason: "left" };
    for (const [work, code] of [
      [() => checkIn(context, { ...house, actor: "a", subject: { participant: "100001x" } }), "PARTICIPANT_NOT_FOUND"],
      [() => checkIn(context, { ...house, actor: "a", subject: { participant: "x" } }), "PARTICIPANT_NOT_FOUND"],
      [() => checkIn(context, { ...house, actor: "a", subject: { event: "1", user: "2" } }), "PARTICIPANT_NOT_FOUND"],
      [() => checkIn(context, { ...house, actor: "a", subject: { participant: "100001" } }), "CHECK_IN_REFUSED"],
      [() => correctAttendance(context, { ...correction, reason: " " }), "REASON_MISSING"],
      [() => correctAttendance(context, { ...correction, actor: " " }), "ACTOR_INVALID"],
      [() => correctAttendance(context, { ...correction, to: "here" }), "STATUS_UNKNOWN"],
      [() => closeEvent(context, { ...house, event: "1", operator: "o", auditTable }), "EVENT_NOT_HELD"],
      [() => closeEvent(context, { ...house, event: "1 OR 1=1", operator: "o", auditTable }), "EVENT_NOT_FOUND"],
    ] as const)
      await expect(work()).rejects.toMatchObject({ code });
    expect(await entries(target)).toEqual([]);
    expect(await correctAttendance(context, correction)).toMatchObject({ changed: true, previous: "unknown" });
    expect(await correctAttendance(context, correction)).toMatchObject({ changed: false });
    expect(await entries(target)).toMatchObject([{ action: "correction", status: "absent", reason: "left" }]);
  });

  test("8 of 10 are 80 %, before and after finalising", { timeout: 120_000 }, async () => {
    await using target = await attendanceTarget(name);
    await addEvent(target, 1, [
      ...Array.from({ length: 6 }, () => ["registered", "present"] as const),
      ...Array.from({ length: 2 }, () => ["registered", "late"] as const),
      ...Array.from({ length: 2 }, () => ["registered", "absent"] as const),
      ["cancelled", null],
    ]);
    const reported = { expected: 10, attendanceRate: 0.8, noShowRate: 0.2 };
    expect(await attendanceReport(target.context, { ...house, event: "1" })).toMatchObject(reported);
    await closeEvent(target.context, { ...house, event: "1", operator: "schedule", auditTable });
    expect(await attendanceReport(target.context, { ...house, event: "1" })).toMatchObject({
      ...reported,
      status: "completed",
      counts: { unknown: 0, present: 6, late: 2, absent: 2 },
    });
  });

  test("120 entries of one instant come once each, 50 a page", { timeout: 120_000 }, async () => {
    await using target = await attendanceTarget(name);
    await addEvent(target, 1, registered(120));
    await closeEvent(target.context, { ...house, event: "1", operator: "schedule", auditTable });
    const pages: string[][] = [];
    for (let cursor: string | null | undefined; cursor !== null; ) {
      const page = await attendanceEntries(target.context, {
        ...house,
        event: "1",
        limit: 50,
        ...(cursor ? { cursor } : {}),
      });
      pages.push(page.entries.map(({ participant }) => participant));
      cursor = page.next;
    }
    expect(pages.map((page) => page.length)).toEqual([50, 50, 20]);
    expect(new Set(pages.flat()).size).toBe(120);
    for (const cursor of ["x", Buffer.from('["1 OR 1=1"]').toString("base64url")])
      await expect(attendanceEntries(target.context, { ...house, limit: 5, cursor })).rejects.toMatchObject({
        code: "CURSOR_INVALID",
      });
  });

  test("people who come while their event is closed are all in", { timeout: 120_000 }, async () => {
    await using target = await attendanceTarget(name);
    const n = 60;
    await addEvent(target, 1, registered(n));
    // Their door's clock is a minute slow, so both are allowed to mark them.
    const door = anotherProcess(target, { clock: { now: () => after(9 * minuteMs) } });
    const closer = anotherProcess(target, { stepRows: 5 });
    const coming = Array.from({ length: n / 2 }, (_, at) =>
      checkIn(door, { ...house, actor: "door", subject: { event: "1", user: String(2 * at + 1) } }).then(
        () => true,
        (error: RunbackError) => {
          if (error.code !== "CHECK_IN_REFUSED") throw error;
          return false;
        },
      ),
    );
    const [inside] = await Promise.all([
      Promise.all(coming),
      closeEvent(closer, { ...house, event: "1", operator: "schedule", auditTable }),
    ]);
    // Whoever was let in after the event was finalised is finalised by the next closing.
    await closeEvent(closer, { ...house, event: "1", operator: "schedule", auditTable });
    const now = await people(target, 1);
    expect(now.map(({ registration, attendance }) => `${registration} ${attendance}`)).toEqual(
      now.map((_, at) => (at % 2 === 0 && inside[at / 2] ? "attended late" : "registered absent")),
    );
    const log = await entries(target);
    expect(log.filter(({ action }) => action === "check_in").length).toBe(inside.filter(Boolean).length);
  });
});
