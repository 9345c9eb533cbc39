import { RunbackError } from "@runback/core";
import { dayNumber } from "./calendar.ts";

export interface SampleOptions {
  /** Another seed gives another club of the same size. Default 202. */
  readonly seed?: number;
  /** Default 2,147. */
  readonly members?: number;
  /** Default 523. */
  readonly events?: number;
  /** Default 8,603; at most one a member and event. */
  readonly registrations?: number;
}

export type SampleSize = Required<SampleOptions>;

/** The day the export pretends to have been taken: fixed, since files must not depend on when they are made. */
export const exportDay = dayNumber(2026, 1, 15);

/** What is drawn from the seed; each number is a sequence of its own (see Random). */
export const stream = {
  ids: 1,
  memberOrder: 2,
  household: 3,
  family: 4,
  member: 5,
  event: 6,
  registration: 7,
  turnout: 8,
};

/** Fills in defaults. `SAMPLE_OPTIONS` for a size that is no count or that cannot be met. */
export function sampleSize(options: SampleOptions): SampleSize {
  const size: SampleSize = { seed: 202, members: 2147, events: 523, registrations: 8603, ...options };
  for (const [name, value] of Object.entries(size)) {
    if (!Number.isSafeInteger(value) || value < 0) {
      throw new RunbackError("SAMPLE_OPTIONS", `sample export: ${name} must be a whole number, 0 or more`, {
        recovery: `Nothing was written. Give ${name} as a whole number.`,
      });
    }
  }
  if (size.registrations > size.members * size.events) {
    throw new RunbackError(
      "SAMPLE_OPTIONS",
      `sample export: ${size.members} members can register for ${size.events} events at most ${size.members * size.events} times`,
      { recovery: "Nothing was written. Ask for fewer registrations, or for more members or events." },
    );
  }
  return size;
}
