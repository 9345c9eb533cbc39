import {
  addCounts,
  type ConflictPolicy,
  noCounts,
  type Run,
  RunbackError,
  totalRows,
  type UndoPlan,
  type UndoRequest,
} from "@runback/core";
import type { Context } from "../context.ts";
import { createRunId } from "../random-id.ts";
import type { RollbackResult } from "./rollback-result.ts";

/** What taking back a run would do, row by row, with nothing written. */
export async function planRollback(context: Context, runId: string, policy: ConflictPolicy): Promise<RollbackResult> {
  const { engine, clock } = context;
  const began = clock.now().getTime();
  await rollbackTarget(context, runId);
  const request: UndoRequest = {
    runId,
    rollbackRunId: `plan-${createRunId(context)}`,
    policy,
    catalog: await engine.catalog(),
  };
  const plan = await discarding(context, (tx) => engine.journal.plan(tx, request));
  return planResult(runId, plan, clock.now().getTime() - began);
}

/** @throws `RUN_NOT_FOUND`, `NOTHING_TO_ROLL_BACK` */
export async function rollbackTarget({ engine }: Pick<Context, "engine">, runId: string): Promise<Run> {
  const run = await engine.store.run(engine, runId);
  if (run === undefined) {
    throw new RunbackError("RUN_NOT_FOUND", `There is no run ${runId} on this target.`, {
      recovery: "List the runs with `runback runs`, and check that --target names the database the run changed.",
      status: 404,
    });
  }
  if (run.mode === "dry") {
    throw new RunbackError("NOTHING_TO_ROLL_BACK", `Run ${runId} was a dry run: it changed nothing.`, {
      recovery: "Nothing is to be done.",
      status: 409,
    });
  }
  return run;
}

export function planResult(runId: string, plan: UndoPlan, durationMs: number): RollbackResult {
  const classes = Object.values(plan.tables).reduce(addCounts, noCounts);
  return {
    runId,
    rollbackRunId: null,
    planned: totalRows(classes),
    classes,
    tables: plan.tables,
    conflicts: plan.conflicts,
    durationMs,
    planDigest: plan.digest,
    replay: plan.replay,
    verified: false,
    bundle: null,
  };
}

class Discard extends Error {}

/** Runs work whose writes are not to stay: the transaction always rolls back, and the value comes out. */
async function discarding<T>(
  { engine }: Pick<Context, "engine">,
  work: Parameters<typeof engine.transaction<T>>[0],
): Promise<T> {
  let value: T | undefined;
  try {
    await engine.transaction(
      async (tx) => {
        value = await work(tx);
        throw new Discard();
      },
      { isolation: "snapshot", bulk: true },
    );
  } catch (error) {
    if (!(error instanceof Discard)) throw error;
  }
  return value as T;
}
