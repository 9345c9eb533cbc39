import { type Connection, type Lease, RunbackError } from "@runback/core";
import type { Context } from "../context.ts";

/** Long enough for any step and a slow network; a dead holder on another machine blocks for no longer than this. */
export const leaseTtlMs = 60_000;

/** @throws `LEASE_HELD` when another live run holds it */
export async function takeLease(context: Context, name: string, runId: string): Promise<Lease> {
  return await context.engine.transaction((tx) => takeLeaseIn(context, tx, name, runId));
}

/** The same in a transaction of the caller's: it is taken when that commits. @throws `LEASE_HELD` */
export async function takeLeaseIn(
  { engine, holder, isDead }: Context,
  tx: Connection,
  name: string,
  runId: string,
): Promise<Lease> {
  const current = await engine.store.lease(tx, name);
  // Holding the dead one's lease locks its row: of two processes that both found it dead, only one still finds it.
  const takeover =
    current !== undefined && isDead(current.holder) && (await engine.store.holdLease(tx, current, leaseTtlMs));
  const lease = await engine.store.acquireLease(tx, { name, runId, holder, ttlMs: leaseTtlMs, takeover });
  if (lease) return lease;
  const held = await engine.store.lease(tx, name);
  // The move of a cutover takes the lease its backfill takes, and is no run.
  const isRun = held !== undefined && (await engine.store.run(tx, held.runId)) !== undefined;
  const expiresAt = held?.expiresAt;
  throw new RunbackError(
    "LEASE_HELD",
    `${held === undefined ? "Another process" : isRun ? `Run ${held.runId}` : `The move ${held.runId}`} is writing to this target (lease ${name}).`,
    {
      recovery: `Wait for it to finish${isRun ? ` (\`runback runs show ${held.runId}\`)` : ""}. If its machine is gone, try again after ${expiresAt ?? "the lease expired"}.`,
      status: 409,
      details: { runId: held?.runId, expiresAt },
    },
  );
}

/** Inside a step's transaction: the step may commit only while this lease is the newest. @throws `LEASE_LOST` */
export async function holdLease({ engine }: Pick<Context, "engine">, tx: Connection, lease: Lease): Promise<void> {
  if (!(await engine.store.holdLease(tx, lease, leaseTtlMs))) throw leaseLost(lease);
}

export function leaseLost({ runId }: Pick<Lease, "runId">, cause?: unknown): RunbackError {
  return new RunbackError("LEASE_LOST", `Another process took over run ${runId}.`, {
    recovery: "This process stops; the step it was in was not written. Follow the run with `runback runs show`.",
    status: 409,
    cause,
  });
}

export async function releaseLease({ engine }: Pick<Context, "engine">, lease: Lease): Promise<void> {
  await engine.transaction((tx) => engine.store.releaseLease(tx, lease));
}
