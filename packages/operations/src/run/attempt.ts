import { type Lease, RunbackError, type RunState, type TableRef } from "@runback/core";
import { raiseRunAlert, resolveRunAlert } from "../alerts/run-alert.ts";
import { appendAudit } from "../audit/append.ts";
import type { Context } from "../context.ts";
import { heartbeat } from "./heartbeat.ts";
import { holdLease, leaseLost, leaseTtlMs, releaseLease, takeLease } from "./lease-guard.ts";

/** What one process does of a run between taking its lease and giving it up. */
export interface Attempt {
  readonly runId: string;
  /** Absent for runs that write nothing a lease protects. */
  readonly leaseName?: string;
  readonly auditTable: TableRef;
  /** Name of the operation, for log lines. */
  readonly operation: string;
  /** Failures that end the run for good: nothing is left that could be resumed. */
  readonly permanent?: readonly string[];
}

/**
 * Executes work on a run: under its lease, with a heartbeat, and with how it ended on record. A failed run stays
 * resumable. A run that turns out to be complete, because somebody else finished it or because the answer to its last
 * COMMIT was lost, is complete and not failed.
 *
 * @param work commits steps; true when the run is complete
 * @throws `LEASE_HELD`, `LEASE_LOST`, `TARGET_UNREACHABLE`, whatever the work throws
 */
export async function attempt(
  context: Context,
  about: Attempt,
  work: (lease: Lease | undefined) => Promise<boolean>,
): Promise<boolean> {
  const { engine, signal } = context;
  const lease = about.leaseName === undefined ? undefined : await ownLease(context, about.leaseName, about.runId);
  const beating = lease && heartbeat(context, lease);
  try {
    const complete = await engine.transaction(async (tx) => {
      if (lease) await holdLease(context, tx, lease);
      const state = await stateOf(context, tx, about);
      if (state === "aborted") throw notResumable(about);
      if (state === "completed") return true;
      await engine.store.updateRun(tx, about.runId, { state: "running", error: null });
      return false;
    });
    if (complete) {
      if (lease) await releaseLease(context, lease);
      return true;
    }
    const working = work(lease);
    const done = await (beating ? Promise.race([working, beating.lost]) : working);
    if (!done && signal?.aborted) {
      await engine.transaction(async (tx) => {
        if (lease) await holdLease(context, tx, lease);
        await engine.store.updateRun(tx, about.runId, { state: "paused" });
        if (lease) await engine.store.releaseLease(tx, lease);
      });
    }
    if (done) await engine.transaction((tx) => resolveRunAlert(context, tx, about.runId));
    return done;
  } catch (error) {
    return await ended(context, about, lease, error);
  } finally {
    beating?.stop();
  }
}

/** The lease this run already holds in this process, or a new one when it is resumed. */
async function ownLease(context: Context, name: string, runId: string): Promise<Lease> {
  const { engine, holder } = context;
  const current = await engine.store.lease(engine, name);
  if (current?.runId === runId && current.holder === holder && Date.parse(current.expiresAt) > 0) return current;
  return await takeLease(context, name, runId);
}

type Transaction = Parameters<Parameters<Context["engine"]["transaction"]>[0]>[0];

async function stateOf({ engine }: Context, tx: Transaction, { runId }: Attempt): Promise<RunState | undefined> {
  return (await engine.store.run(tx, runId))?.state;
}

/** Told again under the lease: a rollback may have begun since the run was looked up. */
function notResumable({ runId }: Attempt): RunbackError {
  return new RunbackError("RUN_NOT_RESUMABLE", `Run ${runId} is aborted.`, {
    recovery: "Nothing is left to do. Start a new run instead.",
    status: 409,
  });
}

/** Puts a failure on record, as long as the run is still this process's to speak for. */
async function ended(context: Context, about: Attempt, lease: Lease | undefined, error: unknown): Promise<boolean> {
  const { engine, logger } = context;
  const code = error instanceof RunbackError ? error.code : "UNEXPECTED";
  const message = error instanceof Error ? error.message : String(error);
  if (code === "LEASE_LOST") {
    logger.log("error", `${about.operation}.failed`, { run_id: about.runId, code, message });
    throw error;
  }
  const record = engine.transaction(async (tx) => {
    const held = lease === undefined || (await engine.store.holdLease(tx, lease, leaseTtlMs));
    const run = await engine.store.run(tx, about.runId);
    if (run?.state === "completed") return "complete";
    if (!held) return "lost";
    if (run?.state === "aborted") return "aborted";
    const checkpoint = run?.checkpoint as { phase?: string; row?: string } | undefined;
    await engine.store.updateRun(tx, about.runId, {
      state: about.permanent?.includes(code) ? "aborted" : "failed",
      error: { code, message },
    });
    if (lease) await engine.store.releaseLease(tx, lease);
    await raiseRunAlert(context, tx, run, code);
    await appendAudit(tx, engine.dialect, about.auditTable, "migration:failed", {
      run_id: about.runId,
      error: code,
      last_batch: { phase: checkpoint?.phase ?? null, row: checkpoint?.row ?? null },
    });
    return "failed";
  });
  // The target itself may be gone: the run then stays `running` in it, and is resumed when it is back.
  const outcome = await record.catch(() => "unknown");
  if (outcome === "complete") return true;
  logger.log("error", `${about.operation}.failed`, { run_id: about.runId, code, message });
  throw outcome === "lost" ? leaseLost(about, error) : error;
}
