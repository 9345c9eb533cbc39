import type { RunbackError } from "@runback/core";
import {
  attendanceReport,
  changeStatus,
  checkIn,
  closeDueEvents,
  closeEvent,
  correctAttendance,
} from "@runback/operations";
import { describe, expect, test } from "vitest";
import {
  type AttendanceTarget,
  after,
  attendanceTarget,
  auditTable,
  before,
  codes,
  minuteMs,
  takeBack,
} from "./attendance-target.ts";
import { attendanceEngines } from "./engines.ts";

const hourMs = 60 * minuteMs;
const by = { ...codes, operator: "schedule", auditTable };

/** An event of two hours that ended, with an attendee of each status, and one who is preregistered but was checked in once. */
async function prepare({ engine }: AttendanceTarget, event: string, status = "active"): Promise<void> {
  await engine.script(
    `INSERT INTO events (id, name, starts_at, ends_at, timezone, status) VALUES
       ('${event}', 'Event', '2026-10-24 23:00:00', '2026-10-25 01:00:00', 'Europe/Vienna', '${status}')`,
  );
  const rows = [
    ["preregistered", null],
    ["walkin", null],
    ["checkedin", "2026-10-24 23:05:00"],
    ["dna", null],
    ["preregistered", "2026-10-24 23:10:00"],
  ] as const;
  await engine.script(
    `INSERT INTO event_attendance (id, member_id, event_id, status, source, checked_in_at, updated_at) VALUES ${rows
      .map(
        ([is, seen], at) =>
          `('${event}-${at}', 'm${at}', '${event}', '${is}', 'prereg', ${seen === null ? "NULL" : `'${seen}'`}, '2026-10-01 00:00:00')`,
      )
      .join(", ")}`,
  );
}

async function attendees({ engine }: AttendanceTarget): Promise<string[]> {
  const { rows } = await engine.query<Record<string, unknown>>(
    "SELECT id, status, checked_in_at, updated_at FROM event_attendance ORDER BY id",
  );
  return rows.map((row) => Object.values(row).map(String).join(" "));
}

async function log({ engine }: AttendanceTarget): Promise<string[]> {
  const { rows } = await engine.query<Record<string, string | null>>(
    "SELECT attendance_id, prior_status, new_status, reason, changed_by FROM status_audit_log ORDER BY id",
  );
  return rows.map((row) => `${row.attendance_id} ${row.prior_status} ${row.new_status}`);
}

describe.each(attendanceEngines)("attendee statuses on %s", (name) => {
  test("who never came did not attend, three hours after the end to the millisecond; undone it is due again", {
    timeout: 120_000,
  }, async () => {
    await using target = await attendanceTarget(name, "attendees");
    await prepare(target, "gala");
    for (const status of ["draft", "postponed", "cancelled", "archived"]) await prepare(target, status, status);
    const began = await attendees(target);
    target.now = after(3 * hourMs - 1);
    expect((await closeDueEvents(target.context, by)).closed).toEqual([]);
    await expect(closeEvent(target.context, { ...by, event: "gala" })).rejects.toMatchObject({
      code: "EVENT_NOT_OVER",
    });
    target.now = after(3 * hourMs);
    const { closed } = await closeDueEvents(target.context, by);
    expect(closed).toMatchObject([{ event: "gala", completed: false, summary: { scanned: 5, flagged: 2 } }]);
    const marked = ["gala-0 preregistered dna", "gala-1 walkin dna"];
    expect((await log(target)).sort()).toEqual(marked);
    expect((await closeDueEvents(target.context, by)).closed).toEqual([]);
    // dna 3, checkedin 1.
    expect(await attendanceReport(target.context, { ...codes, event: "gala" })).toMatchObject({ noShowRate: 0.75 });

    await takeBack(target.context, closed[0]!.runId!);
    expect(await attendees(target)).toEqual(began);
    const undone = ["gala-0 dna preregistered", "gala-1 dna walkin"];
    expect((await log(target)).sort()).toEqual([...undone, ...marked].sort());
    const again = await closeDueEvents(target.context, by);
    expect(again.closed).toMatchObject([{ event: "gala", summary: { flagged: 2 } }]);
    expect((await log(target)).length).toBe(6);
  });

  test("a manager overrides while it is on, and leaving checked-in has a reason", { timeout: 120_000 }, async () => {
    await using target = await attendanceTarget(name, "attendees");
    await prepare(target, "gala");
    const change = async (participant: string, to: string, more: { override?: boolean } = {}) => {
      try {
        const request = { ...codes, actor: "staff", subject: { participant }, to, reason: "as they said", ...more };
        const marked = await correctAttendance(target.context, request);
        return marked.changed ? `${marked.previous} ${marked.status}` : "unchanged";
      } catch (error) {
        return String((error as RunbackError).details?.reason ?? error);
      }
    };
    target.now = before(1);
    expect(await change("gala-0", "dna")).toBe("override_required");
    expect(await change("gala-0", "dna", { override: true })).toBe("preregistered dna");
    expect(await change("gala-0", "dna")).toBe("unchanged");
    target.now = after(0);
    expect(await change("gala-1", "dna")).toBe("walkin dna");
    expect(await change("gala-1", "checkedin")).toBe("dna checkedin");
    expect((await attendees(target))[1]).toMatch(/^gala-1 checkedin 2026-10-25 01:00:00/);
    expect(await change("gala-2", "preregistered")).toBe("checkedin preregistered");
    // They were not there after all, so that a closing marks them.
    expect((await attendees(target))[2]).toMatch(/^gala-2 preregistered null/);
    expect(await log(target)).toEqual([
      "gala-0 preregistered dna",
      "gala-1 walkin dna",
      "gala-1 dna checkedin",
      "gala-2 checkedin preregistered",
    ]);
  });

  test("what rows from before spell otherwise is the status it means, in marks, closings, reports and undone", {
    timeout: 120_000,
  }, async () => {
    await using target = await attendanceTarget(name, "attendees");
    const { context, engine } = target;
    await prepare(target, "gala");
    const spelled = { 0: "Pre-Registered ", 1: "WALK IN", 2: "Present", 3: "no show", 4: "cancelled" };
    for (const [at, status] of Object.entries(spelled))
      await engine.query(
        `UPDATE event_attendance SET status = $1, checked_in_at = ${at === "2" ? "checked_in_at" : "NULL"} WHERE id = $2`,
        [status, `gala-${at}`],
      );
    const began = await attendees(target);
    target.now = before(1);
    // In since the doors opened: the first time stays.
    const subject = { participant: "gala-2" };
    expect(await checkIn(context, { ...codes, subject, actor: "staff" })).toMatchObject({
      ...{ changed: false, previous: "Present", status: "checkedin" },
    });
    const away = { ...codes, subject, actor: "staff", to: "walkin", reason: null, override: false };
    await expect(changeStatus(context, away)).rejects.toMatchObject({ details: { reason: "reason_required" } });
    expect(await attendees(target)).toEqual(began);
    target.now = after(3 * hourMs);
    const { closed } = await closeDueEvents(context, by);
    expect(closed).toMatchObject([
      { event: "gala", summary: { scanned: 5, flagged: 2, skipped: { already_absent: 1, other: 2 } } },
    ]);
    const marked = ["gala-0 Pre-Registered  dna", "gala-1 WALK IN dna"];
    expect((await log(target)).sort()).toEqual(marked);
    // dna 3, checkedin 1, and one whose value no code lists.
    expect(await attendanceReport(context, { ...codes, event: "gala" })).toMatchObject({
      ...{ noShowRate: 0.75, counts: { dna: 3, checkedin: 1, cancelled: 1 } },
    });
    await takeBack(context, closed[0]!.runId!);
    expect(await attendees(target)).toEqual(began);
    const undone = ["gala-0 dna preregistered", "gala-1 dna walkin"];
    expect((await log(target)).sort()).toEqual([...undone, ...marked].sort());
  });
});
