/** Canonical codes of an attendee's status (runbook 1). */
export type AttendeeStatus = "preregistered" | "walkin" | "checkedin" | "dna";

export interface Transition {
  readonly from: AttendeeStatus;
  readonly to: AttendeeStatus;
  /** Whether the event is on at this moment, by its start and end and the server's clock: never by what a client says. */
  readonly inProgress: boolean;
  /** A manager answers for it. */
  readonly override: boolean;
  readonly reason: string | null;
}

export type TransitionDecision =
  | { readonly outcome: "changed" | "unchanged" }
  | { readonly outcome: "refused"; readonly reason: "override_required" | "reason_required" };

/** Whether an attendee's status may change so. The same status again is no change, and needs nothing. */
export function decideTransition({ from, to, inProgress, override, reason }: Transition): TransitionDecision {
  if (from === to) return { outcome: "unchanged" };
  if (to === "dna" && inProgress && !override) return { outcome: "refused", reason: "override_required" };
  if (from === "checkedin" && (reason ?? "").trim() === "") return { outcome: "refused", reason: "reason_required" };
  return { outcome: "changed" };
}

const hourMs = 3_600_000;

/** Hours after the end, from 1 to 6: 3 unless the event says otherwise. */
export const dnaGraceHours = 3;

export interface DnaSubject {
  readonly endsAt: Date;
  readonly status: "draft" | "active" | "completed" | "postponed" | "cancelled" | "archived";
  readonly graceHours: number | null;
}

/** Whether who is expected and never came did not attend, as of now: from the very end of the grace on. */
export function dnaIsDue({ endsAt, status, graceHours }: DnaSubject, now: Date): boolean {
  if (status !== "active" && status !== "completed") return false;
  const hours = Math.min(6, Math.max(1, graceHours ?? dnaGraceHours));
  return now.getTime() >= endsAt.getTime() + hours * hourMs;
}
