import { setTimeout as sleep } from "node:timers/promises";
import {
  type ColumnCutover,
  findTable,
  type Lease,
  mappingCase,
  RunbackError,
  type TableRef,
  type Value,
} from "@runback/core";
import type { Context } from "../context.ts";
import { advanceSteps } from "../run/advance.ts";
import { attempt } from "../run/attempt.ts";
import { holdLease } from "../run/lease-guard.ts";
import { legacyWords } from "./legacy-word.ts";
import { cutoverLease } from "./move.ts";
import { saveCutover, storedCutover } from "./stored-cutover.ts";

/** A condition of every row: SQLite takes no more than a thousand. */
const rowsOfStep = 400;
const rowsOfLook = 20_000;

/**
 * Brings the legacy column up to date from the new one, for rows written while nothing wrote it: in steps, each journaled, so that
 * what the legacy column held before can be had back with `rollback`. A row whose legacy value means its code keeps its spelling.
 *
 * @returns the rows that were brought up to date, over all attempts; null when it was stopped before the end
 */
export async function syncLegacy(
  context: Context,
  cutover: ColumnCutover,
  options: { readonly runId: string; readonly operator: string; readonly auditTable: TableRef },
): Promise<number | null> {
  const { engine, clock } = context;
  const { runId, operator, auditTable } = options;
  const done = await attempt(
    context,
    { runId, leaseName: cutoverLease(cutover), auditTable, operation: "cutover.retreat" },
    async (lease) => {
      const { table } = cutover;
      const name = table.schema === "" ? table.name : `${table.schema}.${table.name}`;
      const found = findTable(await engine.catalog(), name);
      if (found === undefined) throw missing(`Table ${name}`);
      await engine.transaction(async (tx) => {
        await holdLease(context, tx, lease!);
        await engine.journal.enroll(tx, [found], { updates: [cutover.legacy] });
      });
      const legacy = found.columns.find(({ name: column }) => column === cutover.legacy);
      if (legacy === undefined) throw missing(`Column ${cutover.legacy} of table ${name}`);
      const words = legacyWords(cutover, engine.dialect, legacy);
      const left: Found = { keys: [], words };
      const complete = await advanceSteps(
        context,
        () => patiently(context, () => step(context, cutover, lease!, left)),
        Number.POSITIVE_INFINITY,
      );
      if (!complete) return false;
      await engine.transaction(async (tx) => {
        await holdLease(context, tx, lease!);
        const at = clock.now().toISOString();
        await engine.store.updateRun(tx, runId, { state: "completed", completedAt: at });
        const stored = await storedCutover(tx, engine.dialect, cutover);
        await saveCutover(tx, engine.dialect, { ...stored, moving: null }, { operator, at });
        await engine.store.releaseLease(tx, lease!);
      });
      return true;
    },
  );
  return done ? ((await engine.store.run(engine, runId))?.rows ?? 0) : null;
}

/** Rows that disagree, found in one look, and updated in several steps: looking reads the table. */
interface Found {
  /** SQL of what the legacy column gets. */
  readonly words: string;
  keys: readonly (readonly Value[])[];
}

/** One step: the next rows that disagree. True when a look found none. */
async function step(context: Context, cutover: ColumnCutover, lease: Lease, found: Found): Promise<boolean> {
  const { engine, clock } = context;
  const { dialect } = engine;
  const [table, column, legacy] = [
    dialect.table(cutover.table),
    dialect.id(cutover.column),
    dialect.id(cutover.legacy),
  ];
  const exact = (name: string) => dialect.grammar.exact(name);
  // The second condition ends it where a code, as a legacy value, would mean another one.
  const disagrees = `${column} IS NOT NULL AND ${dialect.isDistinct(mappingCase(cutover, dialect), exact(column))} AND ${dialect.isDistinct(exact(legacy), exact(column))}`;
  if (found.keys.length === 0) {
    // Without locks: whoever writes meanwhile is not waited for.
    const { rows } = await engine.query<Record<string, Value>>(
      `SELECT ${cutover.key.map(dialect.id).join(", ")} FROM ${table} WHERE ${disagrees} LIMIT ${rowsOfLook}`,
    );
    found.keys = rows.map((row) => cutover.key.map((name) => row[name]!));
    if (rows.length === 0) return true;
  }
  const chosen = found.keys.slice(0, Math.min(context.stepRows ?? rowsOfStep, rowsOfStep));
  const keys = chosen.map(
    (_, row) =>
      `(${cutover.key.map((name, at) => `${dialect.id(name)} = $${row * cutover.key.length + at + 1}`).join(" AND ")})`,
  );
  const began = clock.now().getTime();
  await engine.transaction(async (tx) => {
    await holdLease(context, tx, lease);
    await engine.journal.begin(tx, lease.runId);
    // Asked of the row again: it may have been written in both columns since it was found.
    const { count } = await tx.query(
      `UPDATE ${table} SET ${legacy} = ${found.words} WHERE (${keys.join(" OR ")}) AND ${disagrees}`,
      chosen.flat(),
    );
    if (count === 0) return;
    await engine.store.updateRun(tx, lease.runId, { addRows: count });
    const durationMs = clock.now().getTime() - began;
    await engine.store.addStep(tx, { runId: lease.runId, name: "legacy", rows: count, durationMs });
  });
  found.keys = found.keys.slice(chosen.length);
  return false;
}

/** A step that met a lock, or lost a deadlock, was taken back as a whole: it is tried again. @throws `LOCK_TIMEOUT` after ten tries */
async function patiently<T>({ signal }: Pick<Context, "signal">, work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      const met = ["LOCK_TIMEOUT", "40P01"].includes(String((error as { code?: unknown } | null)?.code));
      if (!met || attempt === 10 || signal?.aborted) throw error;
    }
    // Not all at the same moment.
    await sleep(attempt * 50 * (0.5 + Math.random()));
  }
}

function missing(what: string): RunbackError {
  return new RunbackError("CUTOVER_UNMEASURED", `${what} is not there.`, {
    recovery: "Check that --target names the database of the cutover.",
    status: 409,
  });
}
