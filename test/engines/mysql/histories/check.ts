import { type Connection, type Engine, RunbackError, totalRows } from "@runback/core";
import { expect } from "vitest";
import { journaled, undo } from "../../../support/journaled.ts";
import type { History, Outcome } from "../../histories/check.ts";
import { historyTables } from "../../histories/schema.ts";
import { differences, type State } from "../../histories/state.ts";
import type { Statement } from "../../histories/statements.ts";
import { historyNames, spelled, startOver } from "./schema.ts";

const state = historyTables
  .map(
    ({ name, key, columns }) =>
      `SELECT concat_ws(' ', '${name}', ${key.join(", ")}) AS name, concat_ws('|', ${Object.keys(columns)
        .map((column) => `coalesce(${column}, 'NULL')`)
        .join(", ")}) AS content FROM h_${name}`,
  )
  .join(" UNION ALL ");

async function stateOf(connection: Connection): Promise<State> {
  const { rows } = await connection.query<{ name: string; content: string }>(state);
  return new Map(rows.map(({ name, content }) => [name, content]));
}

/** A statement that a constraint refuses is part of a history like any other: it changes nothing. */
async function attempt(connection: Connection, statements: readonly Statement[]): Promise<void> {
  for (const statement of statements) {
    try {
      await connection.query(spelled(statement));
    } catch (error) {
      if (!String((error as { code?: unknown }).code).startsWith("23")) throw error;
    }
  }
}

/** Lives through a history, takes the run back, and holds the rollback to its promises. */
export async function checkHistory(
  engine: Engine,
  { before, run, others, laterRun, policy, stepRows }: History,
): Promise<Outcome> {
  await engine.script(startOver);
  await engine.transaction((tx) => attempt(tx, before));
  const original = await stateOf(engine);
  const runId = await journaled(engine, historyNames, (tx) => attempt(tx, run));
  const changed = await stateOf(engine);
  if (others.length > 0) await engine.transaction((tx) => attempt(tx, others));
  if (laterRun.length > 0) await journaled(engine, historyNames, (tx) => attempt(tx, laterRun));
  const now = await stateOf(engine);
  const touched = differences(original, changed);
  const outcome = await undo(engine, runId, policy, stepRows).catch((error: unknown) => {
    // Rows that go back through the run's own states may meet a newer row in one of them. That is an error, and never at
    // the cost of what is newer.
    if (!(error instanceof RunbackError) || error.code !== "CONSTRAINT_REFUSED") throw error;
    if (others.length + laterRun.length === 0) throw error;
    return undefined;
  });
  if (outcome === undefined) {
    // Steps that were committed before are back at a state between; none of it is newer than the run.
    for (const row of differences(now, await stateOf(engine))) expect(now.get(row), row).toBe(changed.get(row));
    return "refused";
  }
  const { plan, rollbackRunId, remaining } = outcome;
  const counts = Object.values(plan.tables);
  expect(counts.reduce((sum, each) => sum + totalRows(each), 0)).toBe(await engine.journal.rows(engine, runId));
  const after = await stateOf(engine);
  if (policy === "abort" && plan.conflictCount > 0) {
    expect(differences(now, after)).toEqual([]);
    return "aborted";
  }
  expect(remaining).toBe(0);
  const conflicts = new Set(plan.conflicts.map(({ table, key }) => [table.replace("h_", ""), ...key].join(" ")));
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
