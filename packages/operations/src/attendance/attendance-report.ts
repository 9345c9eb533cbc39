import { type AttendanceVocabulary, wordOf } from "@runback/attendance";
import type { Context } from "../context.ts";
import type { AttendanceOptions } from "./attendance-options.ts";
import { readEvent } from "./attendance-subject.ts";
import { attendanceTables, columnOf, keyParam, keyValue } from "./attendance-tables.ts";

export interface AttendanceReport {
  readonly event: string;
  readonly status: string;
  /** People who were to come: registered, or attended once the event is completed. */
  readonly expected: number;
  /** How many of them by attendance; NULL counts as unknown. */
  readonly counts: Readonly<Record<string, number>>;
  /** Seen of those expected, from 0 to 1; null when nobody was. */
  readonly attendanceRate: number | null;
  /** Absent of those who are marked either way; null when nobody is. */
  readonly noShowRate: number | null;
}

/** @throws `EVENT_NOT_FOUND`, `EVENT_TIMES_INVALID`, `ATTENDANCE_TABLES_MISSING` */
export async function attendanceReport(
  { engine }: Pick<Context, "engine">,
  { vocabulary, event: key }: AttendanceOptions & { readonly event: string },
): Promise<AttendanceReport> {
  const tables = await attendanceTables(engine, vocabulary);
  const { event, status } = await readEvent(engine, engine, tables, key);
  const { dialect } = engine;
  const { id, literal, table } = dialect;
  const { participants: names } = vocabulary;
  const column = columnOf(tables.participants, names.event);
  const { registration } = names;
  const expected =
    registration === null
      ? ""
      : `AND ${id(registration.column)} IN (${[registration.registered, registration.attended].map(literal).join(", ")})`;
  const { rows } = await engine.query<{ word: string | null; n: string | number }>(
    `SELECT ${id(names.attendance)} AS word, count(*) AS n FROM ${table(tables.participants)}
     WHERE ${id(names.event)} = ${keyParam(engine, column, 1)} ${expected} GROUP BY ${id(names.attendance)}`,
    [keyValue(column, event)!],
  );
  return {
    event,
    status,
    ...rates(
      vocabulary,
      rows.map(({ word, n }) => [word, Number(n)]),
    ),
  };
}

function rates(
  vocabulary: AttendanceVocabulary,
  rows: readonly (readonly [word: string | null, n: number])[],
): Pick<AttendanceReport, "expected" | "counts" | "attendanceRate" | "noShowRate"> {
  const { words } = vocabulary;
  const counts: Record<string, number> = Object.fromEntries(
    [...words.unmarked, ...words.seen, words.absent].map((word) => [word, 0]),
  );
  for (const [word, n] of rows) {
    const name = word === null ? (words.nullIsUnmarked ? words.unmarked[0]! : "null") : wordOf(vocabulary, word);
    counts[name] = (counts[name] ?? 0) + n;
  }
  const expected = rows.reduce((sum, [, n]) => sum + n, 0);
  const seen = words.seen.reduce((sum, word) => sum + counts[word]!, 0);
  const absent = counts[words.absent] ?? 0;
  return {
    expected,
    counts,
    attendanceRate: expected === 0 ? null : seen / expected,
    noShowRate: seen + absent === 0 ? null : absent / (seen + absent),
  };
}
