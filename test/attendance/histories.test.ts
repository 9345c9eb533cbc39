import type { AnalyticsEvent } from "@runback/attendance";
import type { RunbackError } from "@runback/core";
import { openMysql, openPostgres } from "@runback/engines";
import { attendanceEntries, checkIn, closeDueEvents, correctAttendance } from "@runback/operations";
import { describe, expect, test } from "vitest";
import { deep, seed, seededRandom } from "../faults/seeded-random.ts";
import { createDatabase } from "../support/database.ts";
import { createMysqlDatabase } from "../support/mysql-database.ts";
import {
  addEvent,
  anotherProcess,
  asReplayed,
  attendanceTarget,
  auditTable,
  before,
  closes,
  entries,
  house,
  minuteMs,
  people,
  replayed,
  takeBack,
} from "./attendance-target.ts";
import { attendanceEngines } from "./engines.ts";

const histories = deep ? 20 : 1;
const steps = deep ? 60 : 25;
const by = { ...house, operator: "schedule", auditTable };

/** What refuses a step of a history, and leaves everything as it was. */
const refusals = new Set(["CHECK_IN_REFUSED", "NOT_REGISTERED", "LEASE_HELD"]);

describe.each(attendanceEngines)("histories on %s", (name) => {
  test(`after every step the audit says what everybody is, and each change once; seed ${seed}`, {
    timeout: 600_000,
  }, async () => {
    for (let history = 0; history < histories; history++) {
      await using target = await attendanceTarget(name);
      const random = seededRandom(seed + history);
      const pick = <T>(of: readonly T[]) => of[Math.floor(random() * of.length)]!;
      const registration = () => pick(["registered", "registered", "registered", "waitlisted", "cancelled"]);
      const n = 8;
      for (const event of [1, 2])
        await addEvent(
          target,
          event,
          Array.from({ length: n }, () => [registration(), pick([null, "unknown"])] as const),
        );
      const everybody = async () => [...(await people(target, 1)), ...(await people(target, 2))];
      const began = await everybody();
      const runs: string[] = [];
      let [was, log] = [asReplayed(began), await entries(target)];
      for (let at = 0; at < steps; at++) {
        const subject = { event: pick(["1", "2"]), user: String(1 + Math.floor(random() * n)) };
        const what = pick(["in", "in", "correct", "correct", "close", "undo"]);
        const told: AnalyticsEvent[] = [];
        const analytics = { emit: (events: readonly AnalyticsEvent[]) => told.push(...events) };
        const context = anotherProcess(target, { stepRows: pick([1, 3, 100]), analytics });
        target.now = pick([before(150 * minuteMs), before(minuteMs), closes, closes]);
        try {
          if (what === "in") await checkIn(context, { ...house, actor: "door", subject });
          if (what === "correct") {
            const to = pick(["unknown", "present", "late", "absent"]);
            await correctAttendance(context, { ...house, actor: "staff", reason: "as it was", subject, to });
          }
          if (what === "close")
            runs.push(...(await closeDueEvents(context, by)).closed.flatMap(({ runId }) => runId ?? []));
          if (what === "undo" && runs.length > 0) await takeBack(context, pick(runs), "skip");
        } catch (error) {
          if (!refusals.has((error as RunbackError).code)) throw error;
        }
        const [is, now] = [asReplayed(await everybody()), await entries(target)];
        const where = `seed ${seed + history}, step ${at}: ${what} ${JSON.stringify(subject)}`;
        expect(replayed(began, now), where).toEqual(is);
        // One event for each entry, and no other.
        const added = now.slice(log.length).map((each) => `${each.participant} ${each.previous} ${each.status}`);
        const events = told.map(({ payload }) => `${payload.attendanceId} ${payload.priorStatus} ${payload.newStatus}`);
        expect(events.sort(), where).toEqual(added.sort());
        // One entry for each word that changed: two where registration and attendance both did.
        const changes = is.flatMap(({ is: words }, index) => {
          const [a, b] = [words.split(" "), was[index]!.is.split(" ")];
          return a.filter((word, part) => word !== b[part]);
        });
        // Taken back and brought again, somebody has more entries than the difference shows: never fewer, and only then.
        if (what === "undo" || what === "close")
          expect(now.length - log.length, where).toBeGreaterThanOrEqual(changes.length);
        else expect(now.length - log.length, where).toBe(changes.length);
        [was, log] = [is, now];
      }
      // Closing is a fixpoint: once is as good as twice.
      target.now = closes;
      await closeDueEvents(target.context, by);
      const closed = [await everybody(), await entries(target)];
      expect((await closeDueEvents(target.context, by)).closed).toEqual([]);
      expect([await everybody(), await entries(target)]).toEqual(closed);
    }
  });
});

describe.each([
  ["postgres", createDatabase, openPostgres, ["UTC", "Etc/GMT-8", "Etc/GMT+5", "Europe/Vienna"]],
  // Without its zone tables it knows offsets only.
  ["mysql", createMysqlDatabase, openMysql, ["+00:00", "+08:00", "-05:00"]],
] as const)("time zones on %s", (name, create, open, zones) => {
  test("a session's time zone changes nothing, over both changes of the clocks", { timeout: 180_000 }, async () => {
    const said: string[] = [];
    for (const zone of zones) {
      await using database = await create();
      // One session, which keeps its zone.
      const engine = open(database.url, { max: 1 });
      await engine.script(`SET ${name === "mysql" ? "time_zone" : "timezone"} = '${zone}'`);
      await using target = await attendanceTarget(name, "participants", engine);
      const lines: string[] = [];
      for (const [event, end] of [
        [1, "2026-03-29T01:30:00.000Z"],
        [2, "2026-10-25T01:30:00.000Z"],
      ] as const) {
        const endsAt = new Date(end);
        await addEvent(
          target,
          event,
          Array.from({ length: 4 }, () => ["registered", null] as const),
          { endsAt },
        );
        const starts = endsAt.getTime() - 120 * minuteMs;
        for (const [user, ms] of [
          [1, starts - 15 * minuteMs - 1],
          [1, starts - 15 * minuteMs],
          [2, starts + 10 * minuteMs + 1],
        ] as const) {
          target.now = new Date(ms);
          const request = { ...house, actor: "door", subject: { event: String(event), user: String(user) } };
          lines.push(
            await checkIn(target.context, request).then(
              ({ status }) => status,
              (error: RunbackError) => error.code,
            ),
          );
        }
        for (const ms of [10 * minuteMs - 1, 10 * minuteMs]) {
          target.now = new Date(endsAt.getTime() + ms);
          const { closed } = await closeDueEvents(target.context, by);
          lines.push(...closed.map((each) => `${each.event} ${each.summary.flagged}`));
        }
        lines.push(...(await people(target, event)).map((person) => `${person.attendance} ${person.markedAt}`));
        const { entries: log } = await attendanceEntries(target.context, {
          ...house,
          event: String(event),
          limit: 100,
        });
        lines.push(...log.map((entry) => `${entry.at} ${entry.status}`));
      }
      const zoned =
        name === "mysql" ? "SELECT @@session.time_zone AS zone" : "SELECT current_setting('timezone') AS zone";
      expect((await engine.query<{ zone: string }>(zoned)).rows[0]!.zone).toBe(zone);
      said.push(lines.join("\n"));
    }
    expect(new Set(said).size, said.join("\n\n")).toBe(1);
    expect(said[0]!.split("\n").slice(0, 4)).toEqual(["CHECK_IN_REFUSED", "present", "late", "1 2"]);
  });
});
