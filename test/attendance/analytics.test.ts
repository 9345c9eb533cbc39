import { join } from "node:path";
import type { AnalyticsEvent } from "@runback/attendance";
import type { Engine } from "@runback/core";
import { openEngine } from "@runback/engines";
import { analyticsLog, type Context, checkIn, closeEvent, correctAttendance } from "@runback/operations";
import { type AttendanceConfig, openRuntime } from "@runback/runtime";
import { describe, expect, test } from "vitest";
import { scratchFolder } from "../faults/targets.ts";
import {
  addEvent,
  attendanceTarget,
  auditTable,
  before,
  closes,
  codes,
  entries,
  house,
  minuteMs,
  takeBack,
  unseen,
} from "./attendance-target.ts";
import { attendanceEngines } from "./engines.ts";
import { createTables } from "./tables.ts";

const by = { ...house, operator: "schedule", auditTable };
const subject = (user: number) => ({ event: "1", user: String(user) });

describe.each(attendanceEngines)("events of attendance on %s", (name) => {
  test("one for every change, after its commit, in bounded batches; none for what changed nothing", {
    timeout: 120_000,
  }, async () => {
    await using target = await attendanceTarget(name);
    const calls: (readonly AnalyticsEvent[])[] = [];
    const context: Context = { ...target.context, analytics: { emit: (events) => calls.push(events) } };
    await addEvent(target, 1, unseen(1_100), { status: "ongoing" });
    target.now = before(minuteMs);
    await checkIn(context, { ...house, actor: "ada@example.org", subject: subject(1) });
    await correctAttendance(context, {
      ...house,
      actor: "ada@example.org",
      subject: subject(2),
      to: "present",
      reason: "was there",
    });
    const one = {
      name: "attendee_status_change",
      timestamp: before(minuteMs).toISOString(),
      pii: { actor: "ada@example.org" },
    };
    expect(calls.splice(0)).toEqual([
      [
        {
          ...one,
          context: { event: "1", action: "check_in" },
          payload: { attendanceId: "100001", priorStatus: "unknown", newStatus: "late", origin: "single" },
        },
      ],
      [
        {
          ...one,
          context: { event: "1", action: "correction" },
          payload: { attendanceId: "100002", priorStatus: null, newStatus: "present", origin: "single" },
        },
      ],
    ]);
    // Already in, already so, refused.
    await checkIn(context, { ...house, actor: "ada", subject: subject(1) });
    await correctAttendance(context, { ...house, actor: "ada", subject: subject(2), to: "present", reason: "again" });
    await expect(closeEvent(context, { ...by, event: "1" })).rejects.toMatchObject({ code: "EVENT_NOT_OVER" });
    expect(calls).toEqual([]);

    target.now = closes;
    const { runId } = await closeEvent({ ...context, stepRows: 600 }, { ...by, event: "1" });
    const bulk = calls.splice(0);
    expect(bulk.every((events) => events.length > 0 && events.length <= 500)).toBe(true);
    const closed = bulk.flat();
    expect(closed).toHaveLength(1_100);
    expect(closed.filter(({ context: { action } }) => action === "finalize_attended")).toHaveLength(2);
    for (const { payload, context: about, timestamp } of closed) {
      expect([payload.origin, about.runId, about.event, timestamp]).toEqual(["bulk", runId, "1", closes.toISOString()]);
    }
    const undo = await takeBack(context, runId!);
    const undone = calls.splice(0).flat();
    expect(undone).toHaveLength(1_100);
    for (const { payload, context: about } of undone)
      expect([payload.origin, about.runId, about.action]).toEqual(["bulk", undo.rollbackRunId, "correction"]);
    // Told in the order of the audit, they say what it says.
    const spelled = closed.concat(undone).map(({ payload: { attendanceId, priorStatus, newStatus } }) => {
      return `${attendanceId} ${priorStatus} ${newStatus}`;
    });
    const log = (await entries(target)).slice(2).map((each) => `${each.participant} ${each.previous} ${each.status}`);
    expect(spelled.sort()).toEqual(log.sort());
    // Closed once more there is nothing to tell; without a sink nobody is told and nothing is missed.
    await closeEvent({ ...target.context, stepRows: 600 }, { ...by, event: "1" });
    await closeEvent(context, { ...by, event: "1" });
    expect(calls).toEqual([]);
  });

  test("nobody is told of what was not committed, and a sink that fails changes nothing", {
    timeout: 120_000,
  }, async () => {
    await using target = await attendanceTarget(name);
    const calls: (readonly AnalyticsEvent[])[] = [];
    await addEvent(target, 1, unseen(6), { status: "ongoing" });
    target.now = before(minuteMs);
    const losing = Object.create(target.engine, {
      transaction: {
        value: (work: Parameters<Engine["transaction"]>[0], options: Parameters<Engine["transaction"]>[1]) =>
          target.engine.transaction(async (tx) => {
            await work(tx);
            throw new Error("lost before the commit");
          }, options),
      },
    }) as Engine;
    const lost: Context = { ...target.context, engine: losing, analytics: { emit: (events) => calls.push(events) } };
    await expect(checkIn(lost, { ...house, actor: "ada", subject: subject(1) })).rejects.toThrow("lost");
    expect([calls, await entries(target)]).toEqual([[], []]);

    const failing: Context = {
      ...target.context,
      analytics: {
        emit: () => {
          throw new TypeError("ada@example.org");
        },
      },
    };
    expect(await checkIn(failing, { ...house, actor: "ada", subject: subject(1) })).toMatchObject({ changed: true });
    target.now = closes;
    expect((await closeEvent(failing, { ...by, event: "1" })).summary.flagged).toBe(5);
    const told = target.log.filter(({ op }) => op === "analytics.failed");
    expect(told.map(({ events, error }) => [events, error])).toEqual([
      [1, "TypeError"],
      [5, "TypeError"],
      [1, "TypeError"],
    ]);
    expect(JSON.stringify(target.log)).not.toContain("ada@");
  });
});

test("in logs there are ids only: who marked is there as a user's number, or not at all", {
  timeout: 60_000,
}, async () => {
  await using target = await attendanceTarget("sqlite", "attendees");
  const context: Context = { ...target.context, analytics: analyticsLog(target.context.logger) };
  await target.engine.script(`
    INSERT INTO events (id, name, starts_at, ends_at, timezone, status) VALUES ('e', 'Event', '2026-10-24 23:00:00', '2026-10-25 01:00:00', 'Europe/Vienna', 'active');
    INSERT INTO event_attendance (id, member_id, event_id, status, source, updated_at) VALUES ('e-1', 'm1', 'e', 'preregistered', 'prereg', '2026-10-01 00:00:00');`);
  target.now = before(minuteMs);
  await checkIn(context, { ...codes, actor: "ada@example.org", subject: { participant: "e-1" } });
  expect(target.log).toEqual([
    {
      ...{ level: "info", op: "attendance.analytics" },
      analytics: {
        ...{ name: "attendee_status_change", timestamp: before(minuteMs).toISOString() },
        context: { event: "e", action: "correction" },
        payloads: [{ attendanceId: "e-1", priorStatus: "preregistered", newStatus: "checkedin", origin: "single" }],
      },
    },
  ]);
});

test("an installation has them in its log, hands them to its function, or to nobody", { timeout: 60_000 }, async () => {
  const folder = scratchFolder("analytics");
  const url = `sqlite://${join(folder.path, "target.db")}`;
  const engine = await openEngine(url);
  await engine.init();
  await createTables(engine, "sqlite", "attendees");
  await engine.script(`
    INSERT INTO events (id, name, starts_at, ends_at, timezone, status) VALUES ('e', 'Event', '2026-10-24 23:00:00', '2026-10-25 01:00:00', 'Europe/Vienna', 'active');
    INSERT INTO event_attendance (id, member_id, event_id, status, source, updated_at) VALUES
      ${[0, 1, 2].map((n) => `('e-${n}', 'm${n}', 'e', 'walkin', 'walkin', '2026-10-01 00:00:00')`).join(", ")};`);
  await engine.close();
  const handed: AnalyticsEvent[] = [];
  const logged: string[] = [];
  for (const [at, told] of [
    {},
    { onAnalytics: (events: readonly AnalyticsEvent[]) => handed.push(...events) },
    { onAnalytics: false as const },
  ].entries()) {
    const runtime = await openRuntime({
      ...{ home: folder.path, env: { DATABASE_URL: url } },
      config: { migrations: [], attendance: { ...codes, ...told } as AttendanceConfig },
      logger: { log: (_, op, fields) => void logged.push(`${op} ${JSON.stringify(fields)}`) },
    });
    await runtime.attendance.checkIn({ actor: "ada@example.org", subject: { participant: `e-${at}` } });
    await runtime.close();
  }
  expect(logged.filter((line) => line.startsWith("attendance.analytics"))).toEqual([expect.stringContaining('"e-0"')]);
  expect(logged.join()).not.toContain("ada@");
  expect(handed).toMatchObject([
    { payload: { attendanceId: "e-1", newStatus: "checkedin" }, pii: { actor: "ada@example.org" } },
  ]);
  folder.remove();
});
