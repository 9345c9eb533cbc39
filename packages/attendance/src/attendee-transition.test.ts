import fc from "fast-check";
import { expect, test } from "vitest";
import { type AttendeeStatus, decideTransition, dnaIsDue } from "./attendee-transition.ts";

const statuses: readonly AttendeeStatus[] = ["preregistered", "walkin", "checkedin", "dna"];
const transitions = fc.record({
  from: fc.constantFrom(...statuses),
  to: fc.constantFrom(...statuses),
  inProgress: fc.boolean(),
  override: fc.boolean(),
  reason: fc.constantFrom(null, "", "  ", "left early"),
});

test("two rules and no more: who did not attend while the event is on, and who was there and is not any more", () => {
  fc.assert(
    fc.property(transitions, (asked) => {
      const { outcome } = decideTransition(asked);
      const needsOverride = asked.to === "dna" && asked.inProgress && !asked.override;
      const needsReason = asked.from === "checkedin" && asked.reason !== "left early";
      if (asked.from === asked.to) expect(outcome).toBe("unchanged");
      else expect(outcome).toBe(needsOverride || needsReason ? "refused" : "changed");
    }),
  );
});

test("did not attend is due from the end of the grace on, to the millisecond, for events that were held", () => {
  const endsAt = new Date("2026-10-25T01:00:00.000Z");
  const at = (hours: number, ms: number) => new Date(endsAt.getTime() + hours * 3_600_000 + ms);
  const event = { endsAt, status: "active" as const, graceHours: null };
  expect(dnaIsDue(event, at(3, -1))).toBe(false);
  expect(dnaIsDue(event, at(3, 0))).toBe(true);
  expect(dnaIsDue({ ...event, graceHours: 1 }, at(1, 0))).toBe(true);
  expect(dnaIsDue({ ...event, graceHours: 6 }, at(6, -1))).toBe(false);
  // Out of bounds is brought in: nobody is marked at the stroke of the end, or waited for overnight.
  expect(dnaIsDue({ ...event, graceHours: 0 }, at(1, -1))).toBe(false);
  expect(dnaIsDue({ ...event, graceHours: 48 }, at(6, 0))).toBe(true);
  for (const status of ["draft", "postponed", "cancelled", "archived"] as const) {
    expect(dnaIsDue({ ...event, status }, at(100, 0))).toBe(false);
  }
});
