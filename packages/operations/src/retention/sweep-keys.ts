import type { Context } from "../context.ts";
import { before, scratchDays } from "./rules.ts";

/** Deletes idempotency keys of requests that nobody repeats any more. Returns how many. */
export async function sweepKeys(
  { engine, clock }: Context,
  dryRun: boolean,
  failed: (what: string, error: unknown) => void,
): Promise<number> {
  const limit = before(clock.now(), scratchDays);
  try {
    if (dryRun) return await engine.housekeeping.expiredKeys(engine, limit);
    return await engine.transaction((tx) => engine.housekeeping.deleteExpiredKeys(tx, limit));
  } catch (error) {
    failed("idempotency keys", error);
    return 0;
  }
}
