import { RunbackError } from "@runback/core";
import type { Context } from "../context.ts";
import { attendanceTables } from "./attendance-tables.ts";
import { assertWord } from "./attendance-word.ts";
import { changeStatus, type StatusChange } from "./change-status.ts";
import { markSubject } from "./mark-subject.ts";
import { type Marked, markedAs } from "./marked.ts";
import { assertActor, recordChange } from "./record-change.ts";

export interface CorrectionRequest extends Omit<StatusChange, "override" | "reason"> {
  readonly reason: string;
  /** Attendee statuses only: a manager answers for marking somebody absent while the event is on. */
  readonly override?: boolean;
}

/**
 * Puts right what was marked, at any time, for a reason that goes on record.
 *
 * @throws `REASON_MISSING`, `STATUS_UNKNOWN`, `PARTICIPANT_NOT_FOUND`, `ACTOR_INVALID`, `TRANSITION_REFUSED`,
 *   `ATTENDANCE_TABLES_MISSING`, `NOT_REGISTERED`
 */
export async function correctAttendance(context: Context, request: CorrectionRequest): Promise<Marked> {
  const { engine } = context;
  const { vocabulary, to, actor, override = false } = request;
  const reason = request.reason.trim();
  if (reason === "") {
    throw new RunbackError("REASON_MISSING", "A correction needs its reason.", {
      recovery: "Nothing was changed. Say why it is corrected.",
    });
  }
  if (vocabulary.rules === "attendee-status") return await changeStatus(context, { ...request, reason, override });
  assertWord(vocabulary, to);
  const tables = await attendanceTables(engine, vocabulary);
  assertActor(tables, actor);
  const marking = { subject: request.subject, actor, action: "correction" } as const;
  return await markSubject(context, tables, marking, async (tx, subject, at) => {
    assertExpected(subject.registration, vocabulary.participants.registration);
    const marked = markedAs(subject, to);
    // NULL says what `unknown` says.
    if ((subject.attendance ?? vocabulary.words.unmarked[0]) === to) return { ...marked, changed: false };
    await recordChange(engine, tx, tables, subject, { to, action: "correction", reason, actor, at });
    return { ...marked, changed: true };
  });
}

/** Somebody who cancelled, or is on the waiting list, has no attendance to correct. */
function assertExpected(
  registration: string | null,
  words: { readonly registered: string; readonly attended: string } | null,
): void {
  if (words === null || registration === words.registered || registration === words.attended) return;
  throw new RunbackError("NOT_REGISTERED", "The person is not registered for this event.", {
    recovery: "Nothing was changed. Register them first.",
    status: 409,
  });
}
