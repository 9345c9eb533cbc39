import {
  type AnalyticsEvent,
  type AttendeeStatusChange,
  attendeeStatusChanges,
  type ChangeContext,
} from "@runback/attendance";
import type { Logger } from "@runback/core";
import type { Context } from "../context.ts";
import { type AttendanceTables, columnOf, isWholeNumber } from "./attendance-tables.ts";
import type { Marked } from "./marked.ts";
import { actorValue } from "./record-change.ts";

/** Events of one call: many rows are changed in one step, and nobody is given more at once. */
const eventsAtMost = 500;

/**
 * Where events go. Called after the commit, never for what was refused, taken back or only planned; what it throws is
 * logged and changes nothing. It must not wait: a sink that sends them somewhere queues them itself. A process that is
 * killed between the commit and the call tells nobody: the audit is the record, events are not.
 */
export interface AnalyticsSink {
  /** Events of one call share everything but their payloads. */
  emit(events: readonly AnalyticsEvent[]): void;
}

/** Events of a log line: some 10 KB, which every collector of logs takes. */
const lineAtMost = 100;

/**
 * Log lines of up to 100 events: what they share once, then their payloads. What says who somebody is stays out: logs hold
 * ids only. What goes in is named, so a field that somebody adds is in no log until it is added here.
 */
export function analyticsLog(logger: Logger): AnalyticsSink {
  return {
    emit: (events) => {
      for (let from = 0; from < events.length; from += lineAtMost) {
        const { name, timestamp, actorId, context } = events[from]!;
        const payloads = events.slice(from, from + lineAtMost).map(({ payload }) => payload);
        logger.log("info", "attendance.analytics", {
          analytics: { name, timestamp, ...(actorId === undefined ? {} : { actorId }), context, payloads },
        });
      }
    },
  };
}

/** Tells what was marked of one person; nothing where they were so already. */
export function emitMarked(
  context: Pick<Context, "analytics" | "logger">,
  tables: AttendanceTables,
  { changed, participant, event, previous, status }: Marked,
  about: Pick<ChangeContext, "at" | "actor" | "action">,
): void {
  if (!changed) return;
  const change = { attendanceId: participant, priorStatus: previous, newStatus: status };
  emitChanges(context, tables, [change], { ...about, event, runId: null });
}

/** Tells what was committed, in bounded batches. Never throws. */
export function emitChanges(
  { analytics, logger }: Pick<Context, "analytics" | "logger">,
  tables: AttendanceTables,
  changes: readonly AttendeeStatusChange[],
  about: Omit<ChangeContext, "actorIsId">,
): void {
  if (analytics === undefined) return;
  const by = columnOf(tables.audit, tables.vocabulary.audit.markedBy);
  // A name in a column of users' numbers was recorded as nobody.
  const actorIsId = isWholeNumber(by) && actorValue(by, about.actor) !== null;
  for (let from = 0; from < changes.length; from += eventsAtMost) {
    const events = attendeeStatusChanges(changes.slice(from, from + eventsAtMost), { ...about, actorIsId });
    try {
      analytics.emit(events);
    } catch (error) {
      logger.log("warn", "analytics.failed", {
        events: events.length,
        error: error instanceof Error ? error.name : typeof error,
      });
    }
  }
}
