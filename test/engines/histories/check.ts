import { type Engine, RunbackError, totalRows, undoClasses } from "@runback/core";
import fc from "fast-check";
import { expect } from "vitest";
import { journaled, undo } from "../../support/journaled.ts";
import { placed } from "../../support/spell.ts";
import { historiesFixture } from "../fixtures/histories-fixture.ts";
import { historyTables } from "./schema.ts";
import { differences, stateOf } from "./state.ts";
import { type Statement, statement } from "./statements.ts";

export interface History {
  readonly before: readonly Statement[];
  readonly run: readonly Statement[];
  readonly others: readonly Statement[];
  readonly laterRun: readonly Statement[];
  readonly policy: "abort" | "skip";
  /** Rows a step takes back at most. */
  readonly stepRows: number;
}

const statements = (most: number) => fc.array(statement, { maxLength: most });

export const history: fc.Arbitrary<History> = fc.record({
  before: statements(10),
  run: fc.array(statement, { minLength: 1, maxLength: 10 }),
  others: fc.oneof(fc.constant([]), statements(6)),
  laterRun: fc.oneof(fc.constant([]), statements(4)),
  policy: fc.constantFrom("abort", "skip"),
  stepRows: fc.constantFrom(1, 2, 5, 1_000),
});

const namesOn = (engine: Engine) => historyTables.map(({ name }) => `${placed(engine.name, "h")}${name}`);
/** How a history's rollback went: in net order, by replay, not at all because of conflicts, or refused on its way. */
export type Outcome = "net" | "replayed" | "aborted" | "refused";

/** Lives through a history, takes the run back, and holds the rollback to its promises. */
export async function checkHistory(
  engine: Engine,
  { before, run, others, laterRun, policy, stepRows }: History,
): Promise<Outcome> {
  const names = namesOn(engine);
  const { startOver, attempt, stopsBetween } = historiesFixture(engine.name);
  await startOver(engine);
  await engine.transaction((tx) => attempt(tx, before));
  const original = await stateOf(engine);
  const runId = await journaled(engine, names, (tx) => attempt(tx, run));
  const changed = await stateOf(engine);
  if (others.length > 0) await engine.transaction((tx) => attempt(tx, others));
  if (laterRun.length > 0) await journaled(engine, names, (tx) => attempt(tx, laterRun));
  const now = await stateOf(engine);

  const touched = differences(original, changed);
  const outcome = await undo(engine, runId, policy, stepRows).catch((error: unknown) => {
    // A run that passed values from row to row is taken back through its own states, and a newer row may be in the way
    // of one of them. That is an error, and never at the cost of what is newer.
    if (!(error instanceof RunbackError) || error.code !== "CONSTRAINT_REFUSED") throw error;
    expect(others.length + laterRun.length).toBeGreaterThan(0);
    return undefined;
  });
  if (outcome === undefined) {
    for (const row of differences(now, await stateOf(engine))) {
      if (!stopsBetween) expect(touched, row).toContain(row);
      expect(now.get(row), row).toBe(changed.get(row));
    }
    return "refused";
  }
  const { plan, rollbackRunId, remaining } = outcome;
  const counts = Object.values(plan.tables);
  const rows = await engine.journal.rows(engine, runId);
  expect(counts.reduce((sum, each) => sum + totalRows(each), 0)).toBe(rows);
  expect(counts.every((each) => undoClasses.every((name) => each[name] >= 0))).toBe(true);
  const after = await stateOf(engine);
  if (policy === "abort" && plan.conflictCount > 0) {
    expect(differences(now, after)).toEqual([]);
    return "aborted";
  }
  expect(remaining).toBe(0);
  const conflicts = new Set(
    plan.conflicts.map(({ table, key }) => [table.replace(placed(engine.name, "h"), ""), ...key].join(" ")),
  );
  expect(conflicts.size).toBe(plan.conflictCount);
  for (const row of differences(now, after)) {
    // Whatever the rollback changed was as the run left it, and is now as it was before the run.
    expect(touched, row).toContain(row);
    expect(now.get(row), row).toBe(changed.get(row));
    expect(after.get(row), row).toBe(original.get(row));
    expect(conflicts, row).not.toContain(row);
  }
  // Whatever nobody else touched came back, unless the plan named why not.
  for (const row of touched) if (!conflicts.has(row)) expect(after.get(row), row).toBe(original.get(row));
  if (others.length + laterRun.length === 0) {
    expect(plan.conflicts).toEqual([]);
    expect(differences(original, after)).toEqual([]);
  }

  const again = await undo(engine, runId, "skip", stepRows);
  expect(Object.values(again.plan.tables).reduce((sum, each) => sum + each.reverted, 0)).toBe(0);
  expect(differences(after, await stateOf(engine))).toEqual([]);

  const forth = await undo(engine, rollbackRunId, "abort", stepRows);
  expect(forth.plan.conflicts).toEqual([]);
  expect(differences(now, await stateOf(engine))).toEqual([]);
  return plan.replay === null ? "net" : "replayed";
}
