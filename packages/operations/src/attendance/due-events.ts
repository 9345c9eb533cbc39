import { closingIsDue, utcText } from "@runback/attendance";
import { RunbackError } from "@runback/core";
import type { Context } from "../context.ts";
import { type AttendanceOptions, defaultsOf } from "./attendance-options.ts";
import { type AttendanceEvent, readEvent } from "./attendance-subject.ts";
import { type AttendanceTables, attendanceTables, columnOf, timeParam } from "./attendance-tables.ts";
import { isCandidate, isToFinalize } from "./candidates.ts";
import { type CloseRequest, finishClosing, startClosing } from "./close-event.ts";
import type { ClosingResult } from "./closing.ts";
import { failingEvents, raiseClosingAlert, resolveClosingAlert } from "./failing-events.ts";

const eventsAtMost = 200;

export interface DueOptions extends AttendanceOptions {
  /** Events that ended before it are left alone. */
  readonly since?: Date;
  /** How many are looked at in one firing; default 200. */
  readonly eventsAtMost?: number;
}

/**
 * Keys of the events that are over and have something left to do, the longest ended first; at most so many. Those whose last
 * closing failed come after all others, the longest untried first: whatever number of them fails for good, the others have
 * their turn, and so has each of them.
 */
export async function dueEvents(context: Context, options: DueOptions): Promise<string[]> {
  const { fresh, failing } = await turns(context, options);
  return [...fresh, ...failing].slice(0, options.eventsAtMost ?? eventsAtMost);
}

/** @returns events that did not fail, at most so many, and all whose last closing failed */
async function turns(context: Context, options: DueOptions): Promise<{ fresh: string[]; failing: string[] }> {
  const { engine, clock } = context;
  const { eventsAtMost: atMost = eventsAtMost, since } = options;
  const tables = await attendanceTables(engine, options.vocabulary, true);
  const now = clock.now();
  const inTime = (endsAt: Date) => since === undefined || endsAt >= since;
  /** One whose times cannot be read is tried, too: that is how it comes to have an alert. */
  const isDue = async (event: string, dueWhen: (read: AttendanceEvent) => boolean) => {
    try {
      return dueWhen(await readEvent(engine, engine, tables, event));
    } catch (error) {
      // That nobody could look says nothing of the event: neither that it can wait, nor that its alert is done with.
      if (!(error instanceof RunbackError) || error.code === "TARGET_UNREACHABLE") throw error;
      return true;
    }
  };
  const failed = new Set(await failingEvents(context));
  const failing: string[] = [];
  for (const event of failed) {
    if (failing.length === atMost) break;
    if (await isDue(event, ({ endsAt }) => inTime(endsAt))) failing.push(event);
    else await resolveClosingAlert(context, event);
  }
  const fresh: string[] = [];
  // Nothing is closed meanwhile, so pages stay where they are. Many events of a long grace must not hide others.
  for (let page = 0; fresh.length < atMost; page++) {
    const ended = await endedEvents(context, tables, { now, since, offset: page * pageEvents });
    for (const event of ended) {
      if (fresh.length === atMost || failed.has(event)) continue;
      const due = (read: AttendanceEvent) => closingIsDue(options.vocabulary, read, now, defaultsOf(options));
      if (await isDue(event, due)) fresh.push(event);
    }
    if (ended.length < pageEvents) break;
  }
  return { fresh, failing };
}

const pageEvents = 1_000;

/** Ended, held, and not done with: the grace of each is looked at one by one. */
async function endedEvents(
  { engine }: Context,
  tables: AttendanceTables,
  { now, since, offset }: { readonly now: Date; readonly since: Date | undefined; readonly offset: number },
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
     ORDER BY ${end}, e.${id(names.key)} LIMIT ${pageEvents} OFFSET ${offset}`,
    [utcText(now), ...(since === undefined ? [] : [utcText(new Date(since.getTime() - 1))])],
  );
  return rows.map((row) => String(row.event));
}

export interface CompletionResult {
  readonly closed: readonly ClosingResult[];
  /** Events that another process is closing. */
  readonly busy: readonly string[];
}

/** Closing it found that nothing is left to do: somebody postponed, deleted or closed the event since. */
const isNoFailure = new Set(["EVENT_NOT_HELD", "EVENT_NOT_OVER", "EVENT_NOT_FOUND"]);
/** Another process has it, or this one was asked to stop: whoever looks next goes on with it. */
const isBusy = new Set(["LEASE_HELD", "LEASE_LOST", "STOPPED"]);

/**
 * What the `completion` schedule calls: closes every event that is due. One that fails does not keep the others waiting, and
 * has an alert of its own, that its next success resolves.
 *
 * @throws `ATTENDANCE_TABLES_MISSING`; `COMPLETION_INCOMPLETE` once all were looked at, when one failed
 */
export async function closeDueEvents(
  context: Context,
  request: Omit<CloseRequest, "event"> & DueOptions,
): Promise<CompletionResult> {
  const closed: ClosingResult[] = [];
  const busy: string[] = [];
  const failed: { event: string; code: string }[] = [];
  const { fresh, failing } = await turns(context, request);
  for (const event of [...fresh, ...failing].slice(0, request.eventsAtMost ?? eventsAtMost)) {
    if (context.signal?.aborted) break;
    const outcome = await closeOne(context, { ...request, event });
    if (typeof outcome === "object") closed.push(outcome);
    else if (isBusy.has(outcome)) busy.push(event);
    else if (outcome !== nothingLeft) failed.push({ event, code: outcome });
    else if (failing.includes(event)) await resolveClosingAlert(context, event);
  }
  if (failed.length === 0) return { closed, busy };
  throw new RunbackError("COMPLETION_INCOMPLETE", `${failed.length} event(s) that are over could not be closed.`, {
    recovery: `The others were. Each has an alert of its own. Close one by hand to see why: runback attendance close ${failed[0]!.event}`,
    ...{ exit: 1, status: 409 },
    details: {
      failed: failed.slice(0, 100),
      reasons: failed.slice(0, 20).map(({ event, code }) => `event ${event}: ${code}`),
    },
  });
}

const nothingLeft = "nothing left";

/** @returns what closing it did, `nothing left`, or the code of what it failed with @throws `TARGET_UNREACHABLE` */
async function closeOne(context: Context, request: CloseRequest): Promise<ClosingResult | string> {
  let runId: string | undefined;
  try {
    const started = await startClosing(context, request);
    if (typeof started !== "string") return nothingLeft;
    runId = started;
    return await finishClosing(context, request, started);
  } catch (error) {
    const code = error instanceof RunbackError ? error.code : "UNEXPECTED";
    if (code === "TARGET_UNREACHABLE") throw error;
    if (isNoFailure.has(code)) return nothingLeft;
    if (runId === undefined && !isBusy.has(code)) await raiseClosingAlert(context, request.event, code);
    return code;
  }
}
