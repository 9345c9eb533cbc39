import { utcInstant } from "@runback/attendance";
import { RunbackError, type Value } from "@runback/core";
import type { Context } from "../context.ts";
import type { AttendanceOptions } from "./attendance-options.ts";
import { attendanceTables, columnOf, keyParam, keyValue } from "./attendance-tables.ts";

export interface AttendanceEntry {
  readonly id: string;
  readonly at: string;
  readonly event: string;
  readonly participant: string;
  readonly user: string | null;
  readonly markedBy: string | null;
  /** Null where the vocabulary names none. */
  readonly action: string | null;
  readonly previous: string | null;
  readonly status: string;
  readonly reason: string | null;
}

export interface EntriesRequest extends AttendanceOptions {
  readonly event?: string;
  readonly participant?: string;
  readonly limit: number;
  readonly cursor?: string;
}

/**
 * A page of what changed attendance, newest first, by time and, among equal times, id: entries of one instant come once each.
 *
 * @throws `LIMIT_INVALID` outside 1 to 1,000, `CURSOR_INVALID`, `ATTENDANCE_TABLES_MISSING`
 */
export async function attendanceEntries(
  { engine }: Pick<Context, "engine">,
  { vocabulary, event, participant, limit, cursor }: EntriesRequest,
): Promise<{ entries: AttendanceEntry[]; next: string | null }> {
  if (!Number.isInteger(limit) || limit < 1 || limit > 1_000) {
    throw new RunbackError("LIMIT_INVALID", "A page has 1 to 1000 entries.", {
      recovery: "Ask for fewer, and follow the cursor.",
    });
  }
  const tables = await attendanceTables(engine, vocabulary);
  const { dialect } = engine;
  const { id, table } = dialect;
  const { audit: names, participants: people } = vocabulary;
  const values: Value[] = [];
  const where: string[] = [];
  const only = (alias: string, name: string, text: string, from = tables.audit) => {
    const column = columnOf(from, name);
    const value = keyValue(column, text);
    // What can be no key of this column matches nothing.
    where.push(
      value === undefined ? "1 = 0" : `${alias}.${id(name)} = ${keyParam(engine, column, values.push(value))}`,
    );
  };
  if (event !== undefined && names.event !== null) only("a", names.event, event);
  if (event !== undefined && names.event === null) only("p", people.event, event, tables.participants);
  if (participant !== undefined) only("a", names.participant, participant);
  const at = `a.${id(names.performedAt)}`;
  const key = `a.${id(names.key)}`;
  const keyColumn = columnOf(tables.audit, names.key);
  let last = "";
  if (cursor !== undefined) {
    const value = keyValue(keyColumn, readCursor(cursor));
    if (value === undefined) throw cursorInvalid();
    const entry = `${id(names.key)} = ${keyParam(engine, keyColumn, values.push(value))}`;
    // Its time is read where it stands, so that no digit of it is lost on the way here and back: entries are never deleted.
    last = `CROSS JOIN (SELECT ${id(names.performedAt)} AS performed, ${id(names.key)} AS entry FROM ${table(tables.audit)} WHERE ${entry}) last_seen`;
    where.push(`(${at} < last_seen.performed OR (${at} = last_seen.performed AND ${key} < last_seen.entry))`);
  }
  const own = (name: string | null) => (name === null ? "NULL" : `a.${id(name)}`);
  const { rows } = await engine.query<Record<string, string | number | null>>(
    `SELECT ${key} AS entry, ${at} AS performed, ${names.event === null ? `p.${id(people.event)}` : own(names.event)} AS event,
       a.${id(names.participant)} AS participant, ${own(names.user)} AS person, ${own(names.markedBy)} AS marked_by,
       ${own(names.action)} AS action, ${own(names.previous)} AS previous, ${own(names.next)} AS status, ${own(names.reason)} AS reason
     FROM ${table(tables.audit)} a ${
       names.event === null
         ? `JOIN ${table(tables.participants)} p ON p.${id(people.key)} = a.${id(names.participant)}`
         : ""
     } ${last} ${where.length === 0 ? "" : `WHERE ${where.join(" AND ")}`} ORDER BY ${at} DESC, ${key} DESC LIMIT ${limit + 1}`,
    values,
  );
  const text = (value: unknown) => (value === null || value === undefined ? null : String(value));
  const page = rows.slice(0, limit);
  const end = page.at(-1);
  return {
    entries: page.map((row) => ({
      id: String(row.entry),
      at: utcInstant(String(row.performed))?.toISOString() ?? String(row.performed),
      event: String(row.event),
      participant: String(row.participant),
      user: text(row.person),
      markedBy: text(row.marked_by),
      action: text(row.action),
      previous: text(row.previous),
      status: String(row.status),
      reason: text(row.reason),
    })),
    next: rows.length > limit && end ? Buffer.from(JSON.stringify([String(end.entry)])).toString("base64url") : null,
  };
}

function readCursor(text: string): string {
  try {
    const parsed = JSON.parse(Buffer.from(text, "base64url").toString()) as unknown;
    if (Array.isArray(parsed) && parsed.length === 1 && typeof parsed[0] === "string") return parsed[0];
  } catch {
    // Falls through to the refusal.
  }
  throw cursorInvalid();
}

function cursorInvalid(): RunbackError {
  return new RunbackError("CURSOR_INVALID", "The page cursor is not one that a listing returned.", {
    recovery: "List again from the beginning, without a cursor.",
  });
}
