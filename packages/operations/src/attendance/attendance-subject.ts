import { type ClosableEvent, utcInstant } from "@runback/attendance";
import { type Connection, type Engine, RunbackError } from "@runback/core";
import { type AttendanceTables, columnOf, keyParam, keyValue } from "./attendance-tables.ts";

/** Who is marked: by the row's own key, or by the event and the person. */
export type SubjectRef = { readonly participant: string } | { readonly event: string; readonly user: string };

/** One participant as they are now. */
export interface Subject {
  readonly participant: string;
  readonly event: string;
  readonly user: string;
  readonly registration: string | null;
  readonly attendance: string | null;
}

/** Reads one participant and keeps the row from everybody else until the transaction ends. @throws `PARTICIPANT_NOT_FOUND` */
export async function lockSubject(
  { dialect }: Engine,
  tx: Connection,
  { vocabulary, participants }: AttendanceTables,
  ref: SubjectRef,
): Promise<Subject> {
  const names = vocabulary.participants;
  const { id } = dialect;
  const wanted =
    "participant" in ref
      ? [[names.key, ref.participant] as const]
      : [[names.event, ref.event] as const, [names.user, ref.user] as const];
  const values = wanted.map(([name, text]) => keyValue(columnOf(participants, name), text));
  if (values.includes(undefined)) throw participantNotFound();
  const where = wanted.map(
    ([name], at) => `${id(name)} = ${keyParam({ dialect }, columnOf(participants, name), at + 1)}`,
  );
  const { rows } = await tx.query<Record<keyof Subject, string | number | null>>(
    `SELECT ${id(names.key)} AS participant, ${id(names.event)} AS event, ${id(names.user)} AS user,
       ${names.registration === null ? "NULL" : id(names.registration.column)} AS registration, ${id(names.attendance)} AS attendance
     FROM ${dialect.table(participants)} WHERE ${where.join(" AND ")} ${dialect.rowLock}`.replace(
      "AS user,",
      `AS ${id("user")},`,
    ),
    values as string[],
  );
  const [row] = rows;
  if (row === undefined) throw participantNotFound();
  const text = (value: string | number | null) => (value === null ? null : String(value));
  return {
    participant: String(row.participant),
    event: String(row.event),
    user: String(row.user),
    registration: text(row.registration),
    attendance: text(row.attendance),
  };
}

function participantNotFound(): RunbackError {
  return new RunbackError("PARTICIPANT_NOT_FOUND", "There is no such participant on this target.", {
    recovery: "Nothing was changed. Check the ids, and that --target names the right database.",
    status: 404,
  });
}

export interface AttendanceEvent extends ClosableEvent {
  readonly event: string;
}

/** @throws `EVENT_NOT_FOUND`, `EVENT_TIMES_INVALID` */
export async function readEvent(
  engine: Pick<Engine, "dialect">,
  connection: Connection,
  { vocabulary, events }: AttendanceTables,
  event: string,
): Promise<AttendanceEvent> {
  const { id, table } = engine.dialect;
  const names = vocabulary.events;
  const key = columnOf(events, names.key);
  const value = keyValue(key, event);
  const notFound = new RunbackError("EVENT_NOT_FOUND", "There is no such event on this target.", {
    recovery: "Nothing was changed. Check the id, and that --target names the right database.",
    status: 404,
  });
  if (value === undefined) throw notFound;
  const own = (column: string | null) => (column === null ? "NULL" : id(column));
  const { rows } = await connection.query<{
    event: string | number;
    starts_at: string | null;
    ends_at: string | null;
    status: string | null;
    window_minutes: string | number | null;
    grace_minutes: string | number | null;
    grace_hours: string | number | null;
  }>(
    `SELECT ${id(names.key)} AS event, ${id(names.startsAt)} AS starts_at, ${id(names.endsAt)} AS ends_at, ${id(names.status)} AS status,
       ${own(names.windowMinutes)} AS window_minutes, ${own(names.graceMinutes)} AS grace_minutes, ${own(names.graceHours)} AS grace_hours
     FROM ${table(events)} WHERE ${id(names.key)} = ${keyParam(engine, key, 1)}`,
    [value],
  );
  const [row] = rows;
  if (row === undefined) throw notFound;
  const startsAt = utcInstant(String(row.starts_at));
  const endsAt = utcInstant(String(row.ends_at));
  const invalid = (what: string, recovery: string) =>
    new RunbackError("EVENT_TIMES_INVALID", `Event ${row.event} has no ${what} that can be read.`, {
      recovery: `Nothing was changed. ${recovery}`,
      status: 409,
    });
  if (startsAt === undefined || endsAt === undefined)
    throw invalid("start or end", "Give the event its times, in UTC.");
  // Compared with what is no number, every moment is neither before nor after: doors would be open for ever.
  const number = (value: string | number | null) => {
    if (value === null) return null;
    const amount = String(value).trim() === "" ? Number.NaN : Number(value);
    if (amount >= 0 && Number.isFinite(amount)) return amount;
    throw invalid("window or grace", "Give it numbers of 0 or more, or NULL for the defaults of the installation.");
  };
  return {
    event: String(row.event),
    startsAt,
    endsAt,
    status: String(row.status),
    windowMinutes: number(row.window_minutes),
    graceMinutes: number(row.grace_minutes),
    graceHours: number(row.grace_hours),
  };
}
