import { expect, test } from "vitest";
import { compareCounts, entityLabel } from "./compare-counts.ts";

test("compares every entity of either side, in the order of the bundle", () => {
  const rows = compareCounts({
    bundle: { registrations: 8603, members: 2147, events: 523 },
    database: { tiers: 8, members: 2100, registrations: 8603 },
  });
  expect(rows.map(({ entity, difference, result }) => [entity, difference, result])).toEqual([
    ["registrations", 0, "match"],
    ["members", -47, "differ"],
    ["events", undefined, "not counted"],
    ["tiers", undefined, "extra"],
  ]);
});

test("an entity named like a member of every object is not found where it is not", () => {
  expect(compareCounts({ bundle: { constructor: 1 }, database: {} })).toMatchObject([
    { bundle: 1, database: undefined, result: "not counted" },
  ]);
});

test.each([
  ["members", "Members"],
  ["eventFees", "Event Fees"],
  ["event_fees", "Event Fees"],
  ["wa-id mappings", "Wa Id Mappings"],
  ["écoles", "Écoles"],
])("%s is shown as %s", (entity, label) => {
  expect(entityLabel(entity)).toBe(label);
});
