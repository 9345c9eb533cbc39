import { setTimeout as sleep } from "node:timers/promises";

/** Leaves the target alone for so many milliseconds, or until somebody asks to stop. */
export async function rest(ms: number, signal: AbortSignal | undefined): Promise<void> {
  if (ms <= 0 || signal?.aborted) return;
  await sleep(ms, undefined, signal === undefined ? {} : { signal }).catch(() => {});
}
