import { type Lease, RunbackError } from "@runback/core";
import type { Context } from "../context.ts";
import { holdLease, leaseLost, leaseTtl } from "./lease-guard.ts";
import { within } from "./within.ts";

export interface Heartbeat {
  /** Never resolves. Rejects with `LEASE_LOST` or, when the target has stopped answering, `TARGET_UNREACHABLE`. */
  readonly lost: Promise<never>;
  stop(): void;
}

/**
 * Keeps a lease alive while work is under way: staging one large file is one long transaction. It is also how a network
 * that swallows everything is noticed, because a driver waits for the answer to a statement for ever, and a statement
 * alone may take long.
 */
export function heartbeat(context: Context, lease: Lease): Heartbeat {
  const { engine } = context;
  const { promise: lost, reject } = Promise.withResolvers<never>();
  lost.catch(() => {});
  const ttl = leaseTtl(context);
  let extending = false;
  let asking = false;

  // Waits as long as the step under way, which has the lease's row locked and extends it itself.
  const extend = async () => {
    if (extending) return;
    extending = true;
    await engine.transaction((tx) => holdLease(context, tx, lease)).catch(() => {});
    extending = false;
  };
  // Waits for nobody, unless the target has one session only: that one is busy with the step.
  const ask = async () => {
    if (asking || !engine.capabilities.concurrentSessions) return;
    asking = true;
    try {
      const current = await within(ttl / 2, engine.store.lease(engine, lease.name));
      if (current?.token !== lease.token) reject(leaseLost(lease));
    } catch (error) {
      if (error instanceof RunbackError && error.code === "TARGET_UNREACHABLE") reject(error);
    }
    asking = false;
  };
  const timer = setInterval(() => {
    void ask();
    void extend();
  }, ttl / 4);
  timer.unref();
  return { lost, stop: () => clearInterval(timer) };
}
