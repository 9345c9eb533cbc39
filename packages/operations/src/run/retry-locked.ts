import { setTimeout as sleep } from "node:timers/promises";

const attemptsAtMost = 6;

/** Deadlock and serialization failure, and what engines say when a lock did not come: nothing was written then. */
const lostOut = new Set(["LOCK_TIMEOUT", "ATTENDANCE_CHANGED", "40P01", "40001"]);

/** Of two transactions that wait for each other the database ends one: that one tries again. */
export async function retryLocked<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (attempt === attemptsAtMost || !lostOut.has(String((error as { code?: unknown }).code))) throw error;
    }
    await sleep(Math.random() * 10 * 2 ** attempt);
  }
}
