import { type Lease, RunbackError } from "@runback/core";
import type { Context } from "../context.ts";
import { holdLease, leaseTtlMs } from "./lease-guard.ts";

export interface Heartbeat {
  /** Never resolves. Rejects with `LEASE_LOST` when another process took over. */
  readonly lost: Promise<never>;
  stop(): void;
}

/** Keeps a lease alive while work is under way: staging one large file is one long transaction. */
export function heartbeat(context: Pick<Context, "engine">, lease: Lease): Heartbeat {
  const { promise: lost, reject } = Promise.withResolvers<never>();
  lost.catch(() => {});
  let extending = false;
  // Waits as long as the step under way, which has the lease's row locked and extends it itself.
  const extend = async () => {
    if (extending) return;
    extending = true;
    try {
      await context.engine.transaction((tx) => holdLease(context, tx, lease));
    } catch (error) {
      // A target that does not answer is noticed by the step itself.
      if (error instanceof RunbackError && error.code === "LEASE_LOST") reject(error);
    }
    extending = false;
  };
  const timer = setInterval(() => void extend(), leaseTtlMs / 4);
  timer.unref();
  return { lost, stop: () => clearInterval(timer) };
}
