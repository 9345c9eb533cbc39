import { setTimeout as wait } from "node:timers/promises";
import { unreachable } from "./errors.ts";
import { failureOf, isTransient, s3Error } from "./s3-error.ts";

/** How long and how often a request is tried. */
export interface S3Patience {
  /** Milliseconds that one request may take with all its attempts. A third of it bounds one attempt. */
  readonly timeoutMs: number;
  readonly attempts: number;
  /** Milliseconds of the first pause; it doubles with every further one, up to 5 s, and each is cut at random by up to half. */
  readonly backoffMs: number;
}

/** Slowest upload that is still progress: what a request sends adds to its time at this rate. */
const MIN_BYTES_PER_SECOND = 64 * 1024;
const MAX_PAUSE_MS = 5000;

/** The bound for one attempt, or for the silence between two chunks of an answer. */
export function attemptMs(patience: S3Patience, bytes = 0): number {
  return patience.timeoutMs / 3 + (bytes / MIN_BYTES_PER_SECOND) * 1000;
}

export function pauseMs(patience: S3Patience, attempt: number): number {
  const full = Math.min(MAX_PAUSE_MS, patience.backoffMs * 2 ** (attempt - 1));
  return full * (0.5 + Math.random() / 2);
}

/**
 * Sends until it succeeds, fails for good, or the patience is used up. A server that accepts and never answers ends
 * as `VAULT_UNREACHABLE` like one that refuses: the client library alone would wait for ever.
 *
 * @param send one attempt; it must be repeatable, and end when its signal is aborted
 * @throws RunbackError, or the reason of the caller's signal
 */
export async function request<T>(
  send: (signal: AbortSignal) => Promise<T>,
  about: { key: string; location: string; patience: S3Patience; bytes?: number; signal?: AbortSignal | undefined },
): Promise<T> {
  const { key, location, patience, signal } = about;
  const bound = attemptMs(patience, about.bytes);
  const deadline = performance.now() + 3 * bound;
  for (let attempt = 1; ; attempt++) {
    signal?.throwIfAborted();
    // Not AbortSignal.timeout: that would go on to abort the body of an answer that did come in time.
    const timeout = new AbortController();
    const timer = setTimeout(() => timeout.abort(), Math.max(1, Math.min(bound, deadline - performance.now())));
    try {
      return await send(signal === undefined ? timeout.signal : AbortSignal.any([timeout.signal, signal]));
    } catch (error) {
      signal?.throwIfAborted();
      const late = timeout.signal.aborted;
      const failed = late
        ? unreachable(location, `no answer within ${Math.round(bound)} ms`, error)
        : s3Error(error, key, location);
      if (!late && !isTransient(failureOf(error))) throw failed;
      const pause = pauseMs(patience, attempt);
      if (attempt >= patience.attempts || performance.now() + pause >= deadline) throw failed;
      await wait(pause, undefined, signal === undefined ? {} : { signal });
    } finally {
      clearTimeout(timer);
    }
  }
}
