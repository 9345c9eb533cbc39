import { eventParticipants } from "@runback/attendance";
import { RunbackError, type TableRef } from "@runback/core";
import * as operations from "@runback/operations";
import { mainTrail } from "./audit-trails.ts";
import type { AttendanceConfig, RunbackConfig } from "./config.ts";

type Without<T> = Omit<T, keyof operations.AttendanceOptions | "auditTable">;

/** Attendance of events on one target, wired with the installation's vocabulary. */
export interface AttendanceEventVerbs {
  /** The application's own audit of attendance: append-only, so never taken back. */
  readonly auditTable: TableRef;
  /** @throws `PARTICIPANT_NOT_FOUND`, `CHECK_IN_REFUSED` */
  checkIn(request: Without<operations.CheckInRequest>): Promise<operations.Marked>;
  /** @throws `PARTICIPANT_NOT_FOUND`, `REASON_MISSING`, `STATUS_UNKNOWN`, `TRANSITION_REFUSED`, `NOT_REGISTERED` */
  correct(request: Without<operations.CorrectionRequest>): Promise<operations.Marked>;
  /** @throws `EVENT_NOT_FOUND`, `EVENT_NOT_OVER`, `EVENT_NOT_HELD`, `LEASE_HELD` */
  close(request: Without<operations.CloseRequest>): Promise<operations.ClosingResult>;
  /** The event of the closing that a run is, or takes back. @throws `RUN_NOT_FOUND` when it is no closing */
  closingOf(runId: string): Promise<string>;
  /** Closes every event that is due: what the monitor `completion` calls. @throws `ATTENDANCE_TABLES_MISSING`, `COMPLETION_INCOMPLETE` */
  closeDue(operator: string): Promise<operations.CompletionResult>;
  /** @throws `EVENT_NOT_FOUND` */
  report(event: string): Promise<operations.AttendanceReport>;
  /** @throws `CURSOR_INVALID`, `LIMIT_INVALID` */
  entries(
    request: Without<operations.EntriesRequest>,
  ): Promise<{ entries: operations.AttendanceEntry[]; next: string | null }>;
}

export function attendanceEventVerbs(
  context: operations.Context,
  { attendance, ...config }: RunbackConfig,
): AttendanceEventVerbs {
  const { vocabulary = eventParticipants, windowMinutes, graceMinutes } = attendance ?? {};
  assertMinutes({ windowMinutes, graceMinutes });
  const options: operations.AttendanceOptions = {
    vocabulary,
    defaults: {
      ...(windowMinutes === undefined ? {} : { windowMinutes }),
      ...(graceMinutes === undefined ? {} : { graceMinutes }),
    },
  };
  const auditTable = mainTrail(config);
  return {
    auditTable: vocabulary.audit.table,
    checkIn: (request) => operations.checkIn(context, { ...request, ...options }),
    correct: (request) => operations.correctAttendance(context, { ...request, ...options }),
    close: (request) => operations.closeEvent(context, { ...request, ...options, auditTable }),
    closingOf: (runId) => operations.closingOf(context, runId),
    closeDue: async (operator) =>
      await operations.closeDueEvents(context, { ...options, ...since(attendance), operator, auditTable }),
    report: (event) => operations.attendanceReport(context, { ...options, event }),
    entries: (request) => operations.attendanceEntries(context, { ...request, ...options }),
  };
}

/** @throws `CONFIG_INVALID` */
function assertMinutes(given: Readonly<Record<string, unknown>>): void {
  for (const [name, minutes] of Object.entries(given)) {
    if (minutes === undefined || (Number.isFinite(minutes) && (minutes as number) >= 0)) continue;
    throw new RunbackError("CONFIG_INVALID", `attendance.${name} is no number of minutes of 0 or more.`, {
      recovery: "Nothing was changed. Give it one, or leave it out for the default.",
    });
  }
}

/** @throws `CONFIG_INVALID` */
function since({ closeSince }: Pick<AttendanceConfig, "closeSince"> = {}): { since?: Date } {
  if (closeSince === undefined) return {};
  const since = new Date(closeSince);
  // A day, or a time without its zone, is another instant on another machine.
  if (/T.*(Z|[+-]\d\d:\d\d)$/.test(closeSince) && !Number.isNaN(since.getTime())) return { since };
  throw new RunbackError("CONFIG_INVALID", "attendance.closeSince is no instant.", {
    recovery: "Nothing was closed. Write it with its offset: 2026-01-01T00:00:00Z.",
  });
}
