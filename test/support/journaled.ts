import { randomBytes } from "node:crypto";
import {
  type ConflictPolicy,
  type Connection,
  type Engine,
  findTable,
  newRunId,
  type UndoPlan,
  type UndoRequest,
} from "@runback/core";

/** Runs work as a journaled run over the named tables and returns the run id. */
export async function journaled(
  engine: Engine,
  tables: readonly string[],
  work: (tx: Connection) => Promise<void>,
): Promise<string> {
  const runId = await startRun(engine, "exec");
  const catalog = await engine.catalog();
  await engine.transaction(async (tx) => {
    await engine.journal.enroll(
      tx,
      tables.map((name) => findTable(catalog, name)!),
    );
  });
  await engine.transaction(async (tx) => {
    await engine.journal.begin(tx, runId);
    await work(tx);
  });
  return runId;
}

export async function startRun(engine: Engine, kind: "exec" | "rollback", revertsRunId?: string): Promise<string> {
  const runId = newRunId(new Date(), randomBytes(4).toString("hex"));
  await engine.transaction((tx) =>
    engine.store.createRun(tx, {
      runId,
      kind,
      mode: "live",
      migration: "test",
      operator: "tester",
      startedAt: new Date().toISOString(),
      ...(revertsRunId === undefined ? {} : { revertsRunId }),
    }),
  );
  return runId;
}

/** Plans and, unless a conflict aborts it, executes the rollback of a run in steps of `limit` rows. */
export async function undo(
  engine: Engine,
  runId: string,
  policy: ConflictPolicy = "abort",
  limit = 1_000,
): Promise<{ plan: UndoPlan; rollbackRunId: string; remaining: number }> {
  const rollbackRunId = await startRun(engine, "rollback", runId);
  const catalog = await engine.catalog();
  let request: UndoRequest = { runId, rollbackRunId, policy, catalog };
  const plan = await engine.transaction((tx) => engine.journal.plan(tx, request));
  if (policy === "abort" && plan.conflictCount > 0) return { plan, rollbackRunId, remaining: -1 };
  request = { ...request, replay: plan.replay !== null };
  let cursor = { phase: 0, seq: "0" };
  for (let done = false; !done; ) {
    const progress = await engine.transaction(async (tx) => {
      await engine.journal.begin(tx, rollbackRunId);
      return await engine.journal.revert(tx, request, cursor, limit);
    });
    cursor = progress.cursor;
    done = progress.done;
  }
  const remaining = await engine.transaction((tx) => engine.journal.remaining(tx, request));
  return { plan, rollbackRunId, remaining };
}

export { bytesOf } from "./spell.ts";
