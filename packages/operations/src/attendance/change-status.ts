import { type AttendeeStatus, decideTransition, wordOf } from "@runback/attendance";
import { RunbackError } from "@runback/core";
import type { Context } from "../context.ts";
import type { AttendanceOptions } from "./attendance-options.ts";
import { readEvent, type SubjectRef } from "./attendance-subject.ts";
import { attendanceTables } from "./attendance-tables.ts";
import { assertWord } from "./attendance-word.ts";
import { markSubject } from "./mark-subject.ts";
import { type Marked, markedAs } from "./marked.ts";
import { assertActor, recordChange } from "./record-change.ts";

export interface StatusChange extends AttendanceOptions {
  readonly subject: SubjectRef;
  readonly to: string;
  readonly reason: string | null;
  readonly actor: string;
  /** A manager answers for it. */
  readonly override: boolean;
}

/**
 * Moves an attendee to another status (runbook 1). Whether the event is on is told by the server's clock.
 *
 * @throws `PARTICIPANT_NOT_FOUND`, `STATUS_UNKNOWN`, `TRANSITION_REFUSED` (`details.reason`: override_required,
 *   reason_required), `ACTOR_INVALID`, `EVENT_TIMES_INVALID`, `ATTENDANCE_TABLES_MISSING`
 */
export async function changeStatus(context: Context, change: StatusChange): Promise<Marked> {
  const { engine } = context;
  const { vocabulary, to, actor, override } = change;
  assertWord(vocabulary, to);
  const tables = await attendanceTables(engine, vocabulary);
  assertActor(tables, actor);
  const marking = { subject: change.subject, actor, action: "correction" } as const;
  return await markSubject(context, tables, marking, async (tx, subject, at) => {
    const event = await readEvent(engine, tx, tables, subject.event);
    const reason = change.reason?.trim() || null;
    const decision = decideTransition({
      // What rows from before spell otherwise is the same status: who is "Present" is checked in, and stays so.
      from: (subject.attendance === null ? null : wordOf(vocabulary, subject.attendance)) as AttendeeStatus,
      to: to as AttendeeStatus,
      inProgress: at >= event.startsAt && at < event.endsAt,
      ...{ override, reason },
    });
    const marked = markedAs(subject, to);
    if (decision.outcome === "unchanged") return { ...marked, changed: false };
    if (decision.outcome === "refused") throw refused(decision.reason);
    await recordChange(engine, tx, tables, subject, { to, action: "correction", reason, actor, at });
    return { ...marked, changed: true };
  });
}

function refused(reason: "override_required" | "reason_required"): RunbackError {
  const [message, recovery] =
    reason === "override_required"
      ? ["Nobody is marked as not attending while the event is on.", "Wait for its end, or have a manager override it."]
      : ["Somebody who was checked in is changed only for a reason.", "Say why."];
  return new RunbackError("TRANSITION_REFUSED", `${message} (${reason})`, {
    recovery: `Nothing was changed. ${recovery}`,
    ...{ exit: 1, status: 409, details: { reason } },
  });
}
