import { type EventDefaults, type EventTimes, eventDefaults, eventMoments } from "./event-times.ts";

export type EventStatus = "draft" | "published" | "ongoing" | "completed" | "cancelled" | "archived" | "postponed";
export type RegistrationStatus = "registered" | "waitlisted" | "attended" | "cancelled" | "no_show";
export type AttendanceStatus = "unknown" | "present" | "late" | "absent";

export interface CheckInSubject {
  readonly event: EventTimes & { readonly status: EventStatus };
  readonly registration: RegistrationStatus;
  readonly attendance: AttendanceStatus | null;
}

export type CheckInRefusal = "event_not_open" | "not_registered" | "too_early" | "event_closed";

/** What a check-in does: a new status, nothing because the person is in already, or a refusal with its reason. */
export type CheckInDecision =
  | { readonly outcome: "present" | "late" }
  | { readonly outcome: "already" }
  | { readonly outcome: "refused"; readonly reason: CheckInRefusal };

/** Who comes at `now`, by the server's clock. Every boundary belongs to the side that is kinder to the person. */
export function decideCheckIn(
  { event, registration, attendance }: CheckInSubject,
  now: Date,
  defaults: EventDefaults = eventDefaults,
): CheckInDecision {
  const refused = (reason: CheckInRefusal) => ({ outcome: "refused", reason }) as const;
  if (attendance === "present" || attendance === "late") return { outcome: "already" };
  if (event.status !== "published" && event.status !== "ongoing") return refused("event_not_open");
  if (registration !== "registered") return refused("not_registered");
  const { opens, onTimeUntil, closes } = eventMoments(event, defaults);
  if (now < opens) return refused("too_early");
  if (now >= closes) return refused("event_closed");
  return { outcome: now <= onTimeUntil ? "present" : "late" };
}

/** Whether who is registered and was not seen is absent now: the event is over, and was held. */
export function absenceIsDue(event: CheckInSubject["event"], now: Date, defaults?: EventDefaults): boolean {
  if (event.status !== "published" && event.status !== "ongoing" && event.status !== "completed") return false;
  return now >= eventMoments(event, defaults).closes;
}
