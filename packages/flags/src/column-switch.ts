import { isDeepStrictEqual } from "node:util";
import { duties, type Stage } from "@runback/core";
import { errorName, type MetricListener, type Side, tell } from "./metric.ts";

/** One function for each column. Each is called at most once for a call of the wrapper. */
export interface Sides<A extends readonly unknown[], R> {
  readonly legacy: (...args: A) => Promise<R> | R;
  readonly new: (...args: A) => Promise<R> | R;
}

export interface ColumnSwitchOptions {
  /** Answers with the stage at once: a `FlagClient` does. */
  readonly flags: { stage(cutover: string): Stage; since?(cutover: string): string | null };
  /** The cutover's name. */
  readonly cutover: string;
  /** Share of reads that are compared, 0 to 1; 1. */
  readonly sample?: number;
  /** Milliseconds the side that does not decide may hold a write up; 1,000. It goes on afterwards, unobserved. */
  readonly timeoutMs?: number;
  readonly onMetric?: MetricListener;
  /** 0 up to 1; for tests. */
  readonly random?: () => number;
}

/** Where a call found the cutover. */
interface At {
  readonly stage: Stage;
  readonly since: string | null;
}

/**
 * Writes and reads that follow a cutover's stage. The side that decides goes first, and its result and its errors are the
 * caller's. What the other side does is told as metrics only.
 *
 * @example
 * const status = new ColumnSwitch({ flags, cutover: "attendee-status", onMetric });
 * const setStatus = status.writer({
 *   legacy: (id: number, code: string) => db.update(attendance).set({ status: code }).where(eq(attendance.id, id)),
 *   new: (id: number, code: string) => db.update(attendance).set({ statusV2: code }).where(eq(attendance.id, id)),
 * });
 */
export class ColumnSwitch {
  readonly #options: ColumnSwitchOptions;
  readonly #pending = new Set<Promise<unknown>>();

  constructor(options: ColumnSwitchOptions) {
    this.#options = options;
  }

  /** A write of one column or both: the deciding side first; the other only after that one succeeded. */
  writer<A extends readonly unknown[], R>(sides: Sides<A, R>): (...args: A) => Promise<R> {
    return async (...args) => {
      const at = this.#at();
      const { stage } = at;
      const [first, second] = duties(stage).write;
      const result = await sides[first!](...args);
      if (second !== undefined) await this.#observe("secondary-write", at, second, () => sides[second](...args));
      return result;
    };
  }

  /** A read of one column; in the stages that compare, a sample reads the other one beside it, and nobody waits for that. */
  reader<A extends readonly unknown[], R>(
    sides: Sides<A, R>,
    compare: { readonly same?: (a: R, b: R) => boolean } = {},
  ): (...args: A) => Promise<R> {
    return async (...args) => {
      const at = this.#at();
      const { stage } = at;
      const { read, compare: comparing } = duties(stage);
      if (!comparing || !this.#sampled()) return await sides[read](...args);
      const other: Side = read === "new" ? "legacy" : "new";
      const deciding = start(() => sides[read](...args));
      const seen = this.#observe("secondary-read", at, other, () => sides[other](...args));
      this.#track(this.#compare(at, deciding, seen, compare.same ?? isDeepStrictEqual));
      return await deciding;
    };
  }

  /** Resolves when comparisons under way are told: before a process ends. */
  async idle(): Promise<void> {
    while (this.#pending.size > 0) await Promise.allSettled([...this.#pending]);
  }

  /** Once for a call: it does not change sides in between. */
  #at(): At {
    const { flags, cutover } = this.#options;
    return { stage: flags.stage(cutover), since: flags.since?.(cutover) ?? null };
  }

  #sampled(): boolean {
    return (this.#options.random ?? Math.random)() < (this.#options.sample ?? 1);
  }

  /** Runs the side that does not decide. Never throws, and never takes longer than the timeout. */
  async #observe<R>(
    kind: "secondary-write" | "secondary-read",
    at: At,
    side: Side,
    call: () => Promise<R> | R,
  ): Promise<{ readonly value: R } | null> {
    const { cutover: flag, timeoutMs = 1_000, onMetric } = this.#options;
    const started = performance.now();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<"timeout">((resolve) => {
      timer = setTimeout(resolve, timeoutMs, "timeout");
    });
    const done = start(call).then(
      (value) => ({ value }),
      (error: unknown) => ({ error: errorName(error) }),
    );
    const ended = await Promise.race([done, late]);
    clearTimeout(timer);
    const durationMs = performance.now() - started;
    const base = { kind, flag, ...at, side, durationMs } as const;
    if (ended === "timeout") tell(onMetric, { ...base, outcome: "timeout" });
    else if ("error" in ended) tell(onMetric, { ...base, outcome: "failed", error: ended.error });
    else tell(onMetric, { ...base, outcome: "ok" });
    return ended !== "timeout" && "value" in ended ? ended : null;
  }

  async #compare<R>(
    at: At,
    deciding: Promise<R>,
    seen: Promise<{ readonly value: R } | null>,
    same: (a: R, b: R) => boolean,
  ): Promise<void> {
    const [ours, theirs] = await Promise.all([deciding.then((value) => ({ value })).catch(() => null), seen]);
    // Without both there is nothing to compare; why is told already, or the caller's.
    if (ours === null || theirs === null) return;
    const { cutover: flag, onMetric } = this.#options;
    let outcome: "equal" | "different" | "unknown";
    try {
      outcome = same(ours.value, theirs.value) ? "equal" : "different";
    } catch {
      outcome = "unknown";
    }
    tell(onMetric, { kind: "comparison", flag, ...at, outcome });
  }

  #track(work: Promise<void>): void {
    this.#pending.add(work);
    void work.finally(() => this.#pending.delete(work));
  }
}

/** Starts at once; what is thrown before the first await is a rejection too. */
async function start<R>(call: () => Promise<R> | R): Promise<R> {
  return await call();
}
