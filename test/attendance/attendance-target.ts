import { pathToFileURL } from "node:url";
import { eventAttendees, eventParticipants, utcInstant } from "@runback/attendance";
import { type Engine, type Logger, silentLogger } from "@runback/core";
import { type Context, runRollback } from "@runback/operations";
import { openVault } from "@runback/vault";
import { scratchFolder } from "../faults/targets.ts";
import { type EngineName, freshTarget, type TestTarget } from "../support/engines.ts";
import { createTables, type Family } from "./tables.ts";

export const auditTable = { schema: "runback", name: "audit" };
export const house = { vocabulary: eventParticipants };
export const codes = { vocabulary: eventAttendees };

const minuteMs = 60_000;
/** 01:00 UTC of this night is where clocks of Europe go back; of March 29, forward. */
export const ended = new Date("2026-10-25T01:00:00.000Z");
export const before = (ms: number) => new Date(ended.getTime() - ms);
export const after = (ms: number) => new Date(ended.getTime() + ms);
export const closes = after(10 * minuteMs);

const familyOf = (name: EngineName): Family => (name === "mysql" || name === "sqlite" ? name : "postgres");

export interface LogLine {
  readonly op: string;
  readonly [field: string]: unknown;
}

export interface AttendanceTarget extends AsyncDisposable {
  readonly context: Context;
  readonly engine: Engine;
  readonly log: LogLine[];
  /** The time it is, until it is set again. */
  now: Date;
}

let processes = 0;

/** A target with the tables of a vocabulary, a clock that stands still and a log that is kept. */
export async function attendanceTarget(
  name: EngineName,
  tables: "participants" | "attendees" = "participants",
  opened?: Engine,
): Promise<AttendanceTarget> {
  const target = opened === undefined ? await freshTarget(name) : await prepared(opened);
  const { engine } = target;
  await createTables(engine, familyOf(name), tables);
  await engine.transaction((tx) => engine.protectAudit(tx, auditTable));
  const folder = scratchFolder("attendance");
  const vault = await openVault(pathToFileURL(folder.path).href);
  const log: LogLine[] = [];
  const logger: Logger = { log: (level, op, fields) => log.push({ level, op, ...fields }) };
  const made: AttendanceTarget = {
    engine,
    log,
    now: closes,
    context: {
      ...{ engine, vault, logger, holder: `tests:${++processes}`, isDead: () => false },
      clock: { now: () => made.now },
    },
    [Symbol.asyncDispose]: async () => {
      await target[Symbol.asyncDispose]();
      await vault.close();
      folder.remove();
    },
  };
  return made;
}

/** A database of the caller's. */
async function prepared(engine: Engine): Promise<TestTarget> {
  await engine.init();
  return { engine, [Symbol.asyncDispose]: () => engine.close() };
}

/** Another process on the same target. */
export function anotherProcess({ context }: AttendanceTarget, change: Partial<Context> = {}): Context {
  return { ...context, logger: silentLogger, holder: `tests:${++processes}`, ...change };
}

export interface EventRow {
  readonly startsAt?: Date;
  readonly endsAt?: Date;
  readonly status?: string;
  readonly window?: number | null;
  readonly grace?: number | null;
}

const stored = (at: Date) => at.toISOString().slice(0, 23).replace("T", " ");

/** An event with people in it, two hours long. @param people registration and attendance of each, by user 1, 2, 3, … */
export async function addEvent(
  { engine }: Pick<AttendanceTarget, "engine">,
  event: number,
  people: readonly (readonly [registration: string, attendance: string | null])[],
  { endsAt = ended, startsAt, status = "published", window = null, grace = null }: EventRow = {},
): Promise<void> {
  const starts = startsAt ?? new Date(endsAt.getTime() - 120 * minuteMs);
  await engine.script(
    `INSERT INTO events (event_id, uid, title, start_datetime, end_datetime, status, attendance_checkin_window_mins, attendance_grace_mins)
     VALUES (${event}, 'event-${event}', 'Event', '${stored(starts)}', '${stored(endsAt)}', '${status}', ${window ?? "NULL"}, ${grace ?? "NULL"})`,
  );
  if (people.length === 0) return;
  await engine.script(
    `INSERT INTO event_participants (participant_id, event_id, user_id, status, attendance_status) VALUES ${people
      .map(
        ([registration, attendance], at) =>
          `(${event * 100_000 + at + 1}, ${event}, ${at + 1}, '${registration}', ${attendance === null ? "NULL" : `'${attendance}'`})`,
      )
      .join(", ")}`,
  );
}

/** `n` registered people of whom nothing is known: NULL for every other. */
export const unseen = (n: number) =>
  Array.from({ length: n }, (_, at) => ["registered", at % 2 === 0 ? "unknown" : null] as const);

export interface Person {
  readonly participant: string;
  readonly registration: string;
  readonly attendance: string | null;
  readonly markedAt: string | null;
  readonly markedBy: string | null;
}

/** Everybody of an event, in order. */
export async function people({ engine }: Pick<AttendanceTarget, "engine">, event: number): Promise<Person[]> {
  const { rows } = await engine.query<Record<string, unknown>>(
    `SELECT participant_id AS participant, status AS registration, attendance_status AS attendance, attendance_marked_at AS marked_at,
       attendance_marked_by AS marked_by FROM event_participants WHERE event_id = ${event} ORDER BY participant_id`,
  );
  return rows.map((row) => ({
    participant: String(row.participant),
    registration: String(row.registration),
    attendance: row.attendance as string | null,
    markedAt: row.marked_at === null ? null : (utcInstant(String(row.marked_at))?.toISOString() ?? "?"),
    markedBy: row.marked_by as string | null,
  }));
}

export interface Entry {
  readonly participant: string;
  readonly action: string;
  readonly previous: string | null;
  readonly status: string;
  readonly reason: string | null;
}

/** Every audit row, in the order they were written. */
export async function entries({ engine }: Pick<AttendanceTarget, "engine">): Promise<Entry[]> {
  const { rows } = await engine.query<Record<string, unknown>>(
    `SELECT participant_id AS participant, action AS action, previous_status AS previous, new_status AS status, reason AS reason
     FROM event_attendance_audit ORDER BY id`,
  );
  return rows.map((row) => ({ ...row, participant: String(row.participant) }) as unknown as Entry);
}

const registrations = ["registered", "attended", "waitlisted", "cancelled", "no_show"];

/** What the audit says everybody is, from how they began. NULL and unknown are one. */
export function replayed(began: readonly Person[], log: readonly Entry[]): { id: string; is: string }[] {
  return began.map(({ participant, registration, attendance }) => {
    let [is, seen] = [registration, attendance ?? "unknown"];
    for (const entry of log.filter((each) => each.participant === participant)) {
      if (registrations.includes(entry.status)) {
        if (entry.previous !== is) throw new Error(`entry of ${participant} says it was ${entry.previous}, not ${is}`);
        is = entry.status;
      } else {
        if ((entry.previous ?? "unknown") !== seen)
          throw new Error(`entry of ${participant} says it was ${entry.previous}, not ${seen}`);
        seen = entry.status;
      }
    }
    return { id: participant, is: `${is} ${seen}` };
  });
}

export const asReplayed = (now: readonly Person[]) =>
  now.map(({ participant, registration, attendance }) => ({
    id: participant,
    is: `${registration} ${attendance ?? "unknown"}`,
  }));

export async function statusOf({ engine }: Pick<AttendanceTarget, "engine">, event: number): Promise<string> {
  const { rows } = await engine.query<{ status: string }>(
    `SELECT status AS status FROM events WHERE event_id = ${event}`,
  );
  return rows[0]!.status;
}

export async function takeBack(context: Context, runId: string, onConflict: "abort" | "skip" = "abort") {
  return await runRollback(context, { runId, operator: "tests", onConflict, auditTable });
}

export { minuteMs };
