import {
  type AttendanceStatus,
  type CheckInRefusal,
  decideCheckIn,
  type EventStatus,
  type RegistrationStatus,
} from "@runback/attendance";
import { RunbackError } from "@runback/core";
import type { Context } from "../context.ts";
import { type AttendanceOptions, defaultsOf } from "./attendance-options.ts";
import { readEvent, type SubjectRef } from "./attendance-subject.ts";
import { attendanceTables } from "./attendance-tables.ts";
import { changeStatus } from "./change-status.ts";
import { markSubject } from "./mark-subject.ts";
import { type Marked, markedAs } from "./marked.ts";
import { recordChange } from "./record-change.ts";

export interface CheckInRequest extends AttendanceOptions {
  readonly subject: SubjectRef;
  readonly actor: string;
}

/**
 * Marks somebody as there, present or late by the server's clock. Once a person is in, the first time stays.
 *
 * @throws `PARTICIPANT_NOT_FOUND`, `CHECK_IN_REFUSED` (`details.reason`: too_early, event_closed, event_not_open,
 *   not_registered), `EVENT_TIMES_INVALID`, `ATTENDANCE_TABLES_MISSING`
 */
export async function checkIn(context: Context, request: CheckInRequest): Promise<Marked> {
  const { engine } = context;
  const { vocabulary, subject: ref, actor } = request;
  if (vocabulary.rules === "attendee-status")
    return await changeStatus(context, { ...request, to: vocabulary.words.seen[0]!, reason: null, override: false });
  const tables = await attendanceTables(engine, vocabulary);
  const marking = { subject: ref, actor, action: "check_in" } as const;
  return await markSubject(context, tables, marking, async (tx, subject, at) => {
    const event = await readEvent(engine, tx, tables, subject.event);
    const decision = decideCheckIn(
      {
        event: { ...event, status: event.status as EventStatus },
        registration: subject.registration as RegistrationStatus,
        attendance: subject.attendance as AttendanceStatus | null,
      },
      at,
      defaultsOf(request),
    );
    if (decision.outcome === "already") return { ...markedAs(subject, subject.attendance!), changed: false };
    if (decision.outcome === "refused") throw refused(decision.reason);
    await recordChange(engine, tx, tables, subject, {
      ...{ to: decision.outcome, action: "check_in", reason: null, actor, at },
    });
    return { ...markedAs(subject, decision.outcome), changed: true };
  });
}

const why: Record<CheckInRefusal, string> = {
  too_early: "The doors are not open yet.",
  event_closed: "The event is over.",
  event_not_open: "The event is not published or ongoing.",
  not_registered: "The person is not registered for the event.",
};

function refused(reason: CheckInRefusal): RunbackError {
  return new RunbackError("CHECK_IN_REFUSED", `${why[reason]} (${reason})`, {
    recovery:
      reason === "not_registered"
        ? "Nothing was changed. Register them first: who cancelled or waits has no attendance to correct either."
        : "Nothing was changed. Somebody who was there all the same is marked by a correction, with its reason.",
    exit: 1,
    status: 409,
    details: { reason },
  });
}
