import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";

/** Milliseconds of single-row updates. */
export interface Latencies {
  readonly updates: number;
  readonly median: number;
  readonly p99: number;
  readonly longest: number;
}

export interface Foreground {
  /** Latencies over so many milliseconds, or until something has happened. */
  measure(over: number | Promise<unknown>): Promise<Latencies>;
  stop(): Promise<void>;
}

/**
 * An application beside the backfill, in a thread of its own: it updates one row after the other, by key, each in its own
 * transaction, both columns at once, at most 100 a second.
 */
export function foreground(url: string, table: string, rows: number): Foreground {
  const worker = new Worker(fileURLToPath(new URL("./foreground-worker.ts", import.meta.url)), {
    workerData: { url, table, rows },
    stderr: false,
  });
  const failed = new Promise<never>((_, reject) => worker.once("error", reject));
  failed.catch(() => {});
  const answer = () =>
    Promise.race([
      new Promise<number[]>((resolve) => worker.once("message", (times: number[]) => resolve(times))),
      failed,
    ]);
  const ready = Promise.race([new Promise((resolve) => worker.once("message", resolve)), failed]);
  return {
    measure: async (over) => {
      await ready;
      worker.postMessage("begin");
      await (typeof over === "number" ? new Promise((resolve) => setTimeout(resolve, over)) : over);
      const times = answer();
      worker.postMessage("end");
      return latencies(await times);
    },
    stop: async () => {
      await worker.terminate();
    },
  };
}

function latencies(times: readonly number[]): Latencies {
  const sorted = [...times].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!;
  return { updates: sorted.length, median: at(0.5), p99: at(0.99), longest: sorted.at(-1)! };
}
