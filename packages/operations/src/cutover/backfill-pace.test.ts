import { expect, test } from "vitest";
import {
  firstPace,
  givesWay,
  type Pace,
  paceAfter,
  paceAfterTimeout,
  pauseAfter,
  pauseAfterTimeout,
} from "./backfill-pace.ts";

/** Runs steps on a target that takes so many microseconds a row. */
function steps(pace: Pace, count: number, perRow: number): Pace {
  let now = pace;
  for (let step = 0; step < count; step++) {
    const ms = (now.rows * perRow) / 1000;
    now = paceAfter(now, { rows: now.rows, filled: now.rows, ms, crowded: false, blind: false }, 250);
  }
  return now;
}

test("steps grow by a fifth at most, to 30 % of what a step may take", () => {
  expect(steps(firstPace, 1, 20).rows).toBe(600);
  const settled = steps(firstPace, 40, 20);
  expect(settled.rows).toBeGreaterThan(3_600);
  expect(settled.rows).toBeLessThanOrEqual(3_750);
});

test("a step that took too long makes the next one smaller at once", () => {
  const { rows } = paceAfter(
    { ...firstPace, rows: 5_000 },
    { rows: 5_000, filled: 5_000, ms: 1_000, crowded: false, blind: false },
    250,
  );
  expect(rows).toBe(375);
});

test("among others the next step is a short one", () => {
  const { rows } = paceAfter(
    { ...firstPace, rows: 5_000 },
    { rows: 5_000, filled: 5_000, ms: 75, crowded: true, blind: false },
    250,
  );
  expect(rows).toBe(666);
});

test("a timeout halves the step, and the smallest one gives way after some", () => {
  let pace: Pace = { ...firstPace, rows: 80 };
  const seen = Array.from({ length: 4 }, () => {
    pace = paceAfterTimeout(pace);
    return [pace.rows, givesWay(pace)];
  });
  expect(seen).toEqual([
    [40, false],
    [20, false],
    [20, true],
    [20, false],
  ]);
  expect(pauseAfterTimeout({ ...pace, timeouts: 1 })).toBeLessThan(pauseAfterTimeout({ ...pace, timeouts: 3 }));
  expect(pauseAfterTimeout({ ...pace, timeouts: 30 })).toBe(1_000);
  expect(steps(pace, 1, 20)).toMatchObject({ timeouts: 0, rows: 24 });
});

test("it rests twice as long as it worked where others write, a share of it where the target is slower than before, else not", () => {
  const pace = steps(firstPace, 30, 20);
  const took = (perRow: number, crowded = false) => ({ rows: 1_000, filled: 1_000, ms: perRow, crowded, blind: false });
  expect(pauseAfter(pace, took(20))).toBe(0);
  expect(pauseAfter(pace, took(20, true))).toBe(40);
  expect(pauseAfter(pace, took(50))).toBeGreaterThan(0);
  expect(pauseAfter(pace, took(500))).toBe(125);
  expect(pauseAfter(pace, { ...took(20), blind: true })).toBe(1);
  // A window in which nothing was to be filled says nothing.
  expect(pauseAfter(pace, { rows: 1_000, filled: 3, ms: 100, crowded: false, blind: false })).toBe(0);
});
