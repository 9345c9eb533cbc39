import { type DnaSubject, dnaIsDue } from "./attendee-transition.ts";
import { absenceIsDue, type EventStatus } from "./check-in.ts";
import type { EventDefaults, EventTimes } from "./event-times.ts";
import type { AttendanceVocabulary } from "./vocabulary.ts";

export interface ClosableEvent extends EventTimes {
  readonly status: string;
  /** The event's own, where its vocabulary counts in hours. */
  readonly graceHours: number | null;
}

/** Whether who is expected and was not seen is absent, as of now: the event is over, and was held. */
export function closingIsDue(
  { rules }: Pick<AttendanceVocabulary, "rules">,
  event: ClosableEvent,
  now: Date,
  defaults: EventDefaults,
): boolean {
  if (rules === "attendance") return absenceIsDue({ ...event, status: event.status as EventStatus }, now, defaults);
  return dnaIsDue({ ...event, status: event.status as DnaSubject["status"] }, now);
}
