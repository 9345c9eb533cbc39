import { describe, expect, test } from "vitest";
import { absenceIsDue, type CheckInSubject, decideCheckIn, type EventStatus } from "./check-in.ts";

const start = Date.parse("2026-03-29T00:30:00.000Z");
const end = start + 2 * 3_600_000;
const minute = 60_000;
const subject = (change: Partial<CheckInSubject["event"]> = {}): CheckInSubject => ({
  event: {
    ...{
      startsAt: new Date(start),
      endsAt: new Date(end),
      status: "published",
      windowMinutes: null,
      graceMinutes: null,
    },
    ...change,
  },
  registration: "registered",
  attendance: "unknown",
});
const at = (ms: number, who = subject()) => {
  const decision = decideCheckIn(who, new Date(ms));
  return decision.outcome === "refused" ? decision.reason : decision.outcome;
};

describe("check-in, to the millisecond", () => {
  test.each([
    ["a millisecond before the window", start - 15 * minute - 1, "too_early"],
    ["as the window opens", start - 15 * minute, "present"],
    ["at the start", start, "present"],
    ["at the end of grace", start + 10 * minute, "present"],
    ["a millisecond later", start + 10 * minute + 1, "late"],
    ["a millisecond before the event closes", end + 10 * minute - 1, "late"],
    ["as it closes", end + 10 * minute, "event_closed"],
  ])("%s", (_, now, outcome) => {
    expect(at(now)).toBe(outcome);
  });

  test.each([
    [-1, "too_early"],
    [0, "present"],
    [1, "late"],
  ])("overrides of zero minutes mean zero: %i ms from the start", (offset, outcome) => {
    const strict = subject({ windowMinutes: 0, graceMinutes: 0 });
    expect(at(start + offset, strict)).toBe(outcome);
    expect(at(end - 1, strict)).toBe("late");
    expect(at(end, strict)).toBe("event_closed");
  });

  test.each(["present", "late"] as const)("who is %s already stays so, whenever they come again", (attendance) => {
    for (const now of [start - 3_600_000, start, end + 3_600_000]) {
      expect(at(now, { ...subject({ status: "completed" }), attendance })).toBe("already");
    }
  });

  test("only registered people, at events that are open", () => {
    for (const registration of ["waitlisted", "attended", "cancelled", "no_show"] as const) {
      expect(at(start, { ...subject(), registration })).toBe("not_registered");
    }
    for (const status of ["draft", "completed", "cancelled", "archived", "postponed"] as const) {
      expect(at(start, subject({ status }))).toBe("event_not_open");
    }
    expect(at(start, subject({ status: "ongoing" }))).toBe("present");
    // Somebody who was marked absent by hand and comes after all.
    expect(at(start, { ...subject(), attendance: "absent" })).toBe("present");
  });
});

describe("absence", () => {
  const due = (now: number, status: EventStatus, graceMinutes: number | null = null) =>
    absenceIsDue(subject({ status, graceMinutes }).event, new Date(now));

  test("is due exactly when nobody is checked in any more", () => {
    for (const status of ["published", "ongoing", "completed"] as const) {
      expect(due(end + 10 * minute - 1, status)).toBe(false);
      expect(due(end + 10 * minute, status)).toBe(true);
    }
    expect(due(end - 1, "ongoing", 0)).toBe(false);
    expect(due(end, "ongoing", 0)).toBe(true);
  });

  test("never for events that were not held", () => {
    for (const status of ["draft", "cancelled", "archived", "postponed"] as const) {
      expect(due(end + 365 * 24 * 3_600_000, status)).toBe(false);
    }
  });
});
