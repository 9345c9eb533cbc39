import { type Lease, RunbackError } from "@runback/core";
import type { Context } from "../context.ts";
import { holdLease } from "../run/lease-guard.ts";

/** A quarter of the time a lease lasts. */
const everyMs = 15_000;

/**
 * Holds a lease while a program of somebody else's runs. Unlike a run's own heartbeat it outlasts a target that is away for
 * a while, since the program decides what that means to it; only a lease that another holder took ends it.
 */
export function keepLease(context: Context, lease: Lease): { readonly lost: AbortSignal; stop(): void } {
  const lost = new AbortController();
  const timer = setInterval(() => {
    context.engine
      .transaction((tx) => holdLease(context, tx, lease))
      .catch((error: unknown) => {
        if (error instanceof RunbackError && error.code === "LEASE_LOST") lost.abort(error);
      });
  }, everyMs);
  timer.unref();
  return { lost: lost.signal, stop: () => clearInterval(timer) };
}
