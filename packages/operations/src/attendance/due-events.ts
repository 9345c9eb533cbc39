import { closingIsDue, utcText } from "@runback/attendance";
import { RunbackError } from "@runback/core";
import type { Context } from "../context.ts";
import { type AttendanceOptions, defaultsOf } from "./attendance-options.ts";
import { readEvent } from "./attendance-subject.ts";
import { type AttendanceTables, attendanceTables, columnOf, timeParam } from "./attendance-tables.ts";
import { isCandidate, isToFinalize } from "./candidates.ts";
import { type CloseRequest, closeEvent } from "./close-event.ts";
import type { ClosingResult } from "./closing.ts";

const eventsAtMost = 200;

export interface DueOptions extends AttendanceOptions {
  /** Events that ended before it are left alone. */
  readonly since?: Date;
}

/**
 * Keys of the events that are over and have something left to do, the longest ended first. Set-based; at most 200. One whose
 * times cannot be read is among them: closing it says why, and the others are not kept waiting.
 */
export async function dueEvents(context: Context, options: DueOptions): Promise<string[]> {
  const { engine, clock } = context;
  const tables = await attendanceTables(engine, options.vocabulary);
  const now = clock.now();
  const due: string[] = [];
  for (const event of await endedEvents(context, tables, now, options.since)) {
    const read = await readEvent(engine, engine, tables, event).catch(unreadable);
    if (read === undefined || closingIsDue(options.vocabulary, read, now, defaultsOf(options))) due.push(event);
  }
  return due;
}

function unreadable(error: unknown): undefined {
  if (error instanceof RunbackError && error.code === "EVENT_TIMES_INVALID") return undefined;
  throw error;
}

/** Ended, held, and not done with: the grace of each is looked at one by one. */
async function endedEvents(
  { engine }: Context,
  tables: AttendanceTables,
  now: Date,
  since: Date | undefined,
): Promise<string[]> {
  const { dialect } = engine;
  const { id, literal, table } = dialect;
  const { events: names, participants } = tables.vocabulary;
  const those = (who: string) =>
    `EXISTS (SELECT 1 FROM ${table(tables.participants)} p WHERE p.${id(participants.event)} = e.${id(names.key)} AND ${who})`;
  const toFinalize = isToFinalize(dialect, tables, "p.");
  const needs = [
    ...(names.completes === null ? [] : [`e.${id(names.status)} IN (${names.completes.from.map(literal).join(", ")})`]),
    those(isCandidate(dialect, tables, "p.")),
    ...(toFinalize === null ? [] : [those(toFinalize)]),
  ];
  const ends = columnOf(tables.events, names.endsAt);
  const end = `e.${id(names.endsAt)}`;
  const isPast = (n: number) => dialect.isPast(end, timeParam(engine, ends, n));
  // NULL where a text is no time: that is not to be taken for a time to come.
  const isOver = `COALESCE(${isPast(1)}, ${end} IS NOT NULL)`;
  const { rows } = await engine.query<{ event: string | number }>(
    `SELECT e.${id(names.key)} AS event FROM ${table(tables.events)} e
     WHERE ${isOver} ${since === undefined ? "" : `AND COALESCE(NOT (${isPast(2)}), 1 = 1)`}
       AND e.${id(names.status)} IN (${names.held.map(literal).join(", ")}) AND (${needs.join(" OR ")})
     ORDER BY ${end}, e.${id(names.key)} LIMIT ${eventsAtMost}`,
    [utcText(now), ...(since === undefined ? [] : [utcText(new Date(since.getTime() - 1))])],
  );
  return rows.map((row) => String(row.event));
}

/** Where nobody takes part in anything there is nothing to close. A table that lacks something is a failure. */
async function noParticipants({ engine }: Context, { vocabulary }: AttendanceOptions): Promise<boolean> {
  try {
    await attendanceTables(engine, vocabulary);
    return false;
  } catch (error) {
    const missing =
      error instanceof RunbackError ? (error.details.missing as readonly string[] | undefined) : undefined;
    if (missing?.includes(vocabulary.participants.table.name)) return true;
    throw error;
  }
}

export interface CompletionResult {
  readonly closed: readonly ClosingResult[];
  /** Events that another process is closing. */
  readonly busy: readonly string[];
}

/**
 * What the `completion` schedule calls: closes every event that is due. One that fails does not keep the others waiting.
 *
 * @throws `COMPLETION_INCOMPLETE` once all were looked at, when one failed
 */
export async function closeDueEvents(
  context: Context,
  request: Omit<CloseRequest, "event"> & DueOptions,
): Promise<CompletionResult> {
  if (await noParticipants(context, request)) return { closed: [], busy: [] };
  const closed: ClosingResult[] = [];
  const busy: string[] = [];
  const failed: { event: string; code: string }[] = [];
  for (const event of await dueEvents(context, request)) {
    if (context.signal?.aborted) break;
    try {
      const result = await closeEvent(context, { ...request, event });
      if (result.runId !== null) closed.push(result);
    } catch (error) {
      const code = error instanceof RunbackError ? error.code : "UNEXPECTED";
      // Postponed or closed since it was found is no failure either.
      if (code === "LEASE_HELD" || code === "LEASE_LOST") busy.push(event);
      else if (code !== "EVENT_NOT_HELD" && code !== "EVENT_NOT_OVER") failed.push({ event, code });
      if (code === "TARGET_UNREACHABLE") throw error;
    }
  }
  if (failed.length === 0) return { closed, busy };
  throw new RunbackError("COMPLETION_INCOMPLETE", `${failed.length} event(s) that are over could not be closed.`, {
    recovery: `The others were. Close one by hand to see why: runback attendance close ${failed[0]!.event}`,
    ...{ exit: 1, status: 409 },
    details: {
      failed: failed.slice(0, 100),
      reasons: failed.slice(0, 20).map(({ event, code }) => `event ${event}: ${code}`),
    },
  });
}
