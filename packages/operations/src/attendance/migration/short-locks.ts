import { setTimeout as pause } from "node:timers/promises";
import { type Connection, type Engine, RunbackError } from "@runback/core";

/** Milliseconds a schema change waits for the table: everybody who comes after it waits behind it. */
const lockTimeoutMs = 2_000;
const attempts = 6;

/**
 * Runs a schema change with a short wait for its lock, and again after a pause in which those who waited behind it are let
 * through. @throws `LOCK_TIMEOUT` when the table does not come free
 */
export async function shortLocks<T>(engine: Engine, work: (tx: Connection) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await engine.transaction(work, { lockTimeoutMs });
    } catch (error) {
      if (!(error instanceof RunbackError) || error.code !== "LOCK_TIMEOUT" || attempt === attempts) throw error;
    }
    await pause(100 * 2 ** attempt);
  }
}
