import { setTimeout as wait } from "node:timers/promises";
import { unreachable } from "./errors.ts";
import { failureOf, isTransient, s3Error } from "./s3-error.ts";

/** How long and how often a request is tried. */
export interface S3Patience {
  /** Milliseconds of silence after which a request with all its attempts is given up. A third of it ends one attempt. */
  readonly timeoutMs: number;
  readonly attempts: number;
  /** Milliseconds of the first pause; it doubles with every further one, up to 5 s, and each is cut at random by up to half. */
  readonly backoffMs: number;
}

/** Attempts that may end in silence before the call does. */
export const MAX_SILENCES = 3;
const MAX_PAUSE_MS = 5000;
/** Slowest upload that is still progress (128 kbit/s): what a request sends adds to its time at this rate. Silence is found before, by the socket. */
const MIN_BYTES_PER_SECOND = 16 * 1024;

/** Milliseconds of silence that end one attempt. */
export function silenceMs(patience: S3Patience): number {
  return patience.timeoutMs / MAX_SILENCES;
}

function pauseMs(patience: S3Patience, attempt: number): number {
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
  const bound = silenceMs(patience) + ((about.bytes ?? 0) / MIN_BYTES_PER_SECOND) * 1000;
  let silences = 0;
  for (let attempt = 1; ; attempt++) {
    signal?.throwIfAborted();
    // Not AbortSignal.timeout: that would go on to abort the body of an answer that did come in time.
    const timeout = new AbortController();
    const timer = setTimeout(() => timeout.abort(), bound);
    try {
      return await send(signal === undefined ? timeout.signal : AbortSignal.any([timeout.signal, signal]));
    } catch (error) {
      signal?.throwIfAborted();
      const failure = failureOf(error);
      const silent = timeout.signal.aborted || failure.code === "TimeoutError" || failure.code === "ETIMEDOUT";
      if (silent) silences += 1;
      if (!silent && !isTransient(failure)) throw s3Error(error, key, location);
      if (attempt >= patience.attempts || silences >= MAX_SILENCES) {
        throw silent
          ? unreachable(location, "it accepts requests but does not answer", error)
          : s3Error(error, key, location);
      }
      await wait(pauseMs(patience, attempt), undefined, signal === undefined ? {} : { signal });
    } finally {
      clearTimeout(timer);
    }
  }
}
