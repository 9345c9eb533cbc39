import { randomUUID } from "node:crypto";
import { RunbackError } from "@runback/core";
import { errorName, type Metric, type MetricListener, tell } from "./metric.ts";
import { type Counts, MetricCounts, observationsOf } from "./metric-counts.ts";

export interface MetricReporterOptions {
  /** Base address of the flag server: `https://runback.example.org`. */
  readonly url: string;
  /** Bearer token of a viewer: the one that flags are read with. A gate that counts comparisons names it. */
  readonly token?: string;
  /** Milliseconds between reports once `start` was called, half as many to half as many again; 30,000. */
  readonly everyMs?: number;
  /** Milliseconds a report may take; 5,000. */
  readonly timeoutMs?: number;
  /** Told what became of reports. */
  readonly onMetric?: MetricListener;
  /** For tests; default: the runtime's own. */
  readonly fetch?: typeof globalThis.fetch;
}

/** Counts of one cutover on their way: the same body and key until an answer comes, so that they count once. */
interface Report {
  readonly key: string;
  readonly body: string;
  readonly rows: readonly Counts[];
  readonly since: number;
}

interface Cutover {
  readonly counts: MetricCounts;
  report: Report | null;
}

/** The server forgets the keys of reports after a week: one that old could count twice. */
const reportAgeMs = 24 * 60 * 60 * 1000;

const cutoversAtMost = 100;

/**
 * Adds metrics up and reports the sums to the server, at intervals. Counting is a few additions: it never waits, and throws
 * nothing. While the server is down, sums go on growing in the same few numbers; nothing queues up.
 *
 * @example
 * const reporter = new MetricReporter({ url, token });
 * reporter.start();
 * const status = new ColumnSwitch({ flags, cutover: "attendee-status", onMetric: reporter.count });
 * // Before the process ends:
 * await status.idle();
 * await reporter.close();
 */
export class MetricReporter {
  readonly #options: MetricReporterOptions;
  readonly #cutovers = new Map<string, Cutover>();
  #timer: NodeJS.Timeout | undefined;
  #flushing: Promise<boolean> | null = null;
  #started = false;

  /** @throws `FLAG_SERVER_INVALID` */
  constructor(options: MetricReporterOptions) {
    if (!URL.canParse(options.url))
      throw new RunbackError("FLAG_SERVER_INVALID", "The address of the flag server is no URL.", {
        recovery: "Give the base address, such as https://runback.example.org. Nothing was reported.",
      });
    this.#options = options;
  }

  /** Takes a metric: give it to `ColumnSwitch` as `onMetric`, or call it in a listener of your own. */
  readonly count: MetricListener = (metric: Metric): void => {
    if (metric.kind === "refresh" || metric.kind === "report") return;
    let cutover = this.#cutovers.get(metric.flag);
    if (cutover === undefined) {
      // Names come from the program, not from requests: so many are a mistake, and no reason to grow without end.
      if (this.#cutovers.size >= cutoversAtMost) return;
      cutover = { counts: new MetricCounts(), report: null };
      this.#cutovers.set(metric.flag, cutover);
    }
    cutover.counts.add(metric);
  };

  /** Reports from now on, every `everyMs`. Does not keep a process alive. */
  start(): void {
    if (this.#started) return;
    this.#started = true;
    this.#wait();
  }

  /** Reports what there is. @returns whether everything is through */
  async flush(): Promise<boolean> {
    this.#flushing ??= this.#send().finally(() => {
      this.#flushing = null;
    });
    return await this.#flushing;
  }

  /** Stops, and tries once to report what there is: within the timeout, then it is lost. */
  async close(): Promise<void> {
    this.#started = false;
    clearTimeout(this.#timer);
    // What is on its way, or was not taken before, is an older sum: what came since goes with one more.
    if (this.#flushing !== null) await this.#flushing;
    if (await this.flush()) await this.flush();
    for (const [flag, { counts, report }] of this.#cutovers) {
      const observations = counts.observations + observationsOf(report?.rows ?? []);
      if (observations > 0) tell(this.#options.onMetric, { kind: "report", outcome: "lost", flag, observations });
    }
    this.#cutovers.clear();
  }

  #wait(): void {
    const { everyMs = 30_000 } = this.#options;
    // Processes that were started at one moment do not report at one moment.
    this.#timer = setTimeout(() => void this.#tick(), everyMs * (0.5 + Math.random()));
    this.#timer.unref?.();
  }

  async #tick(): Promise<void> {
    await this.flush();
    if (this.#started) this.#wait();
  }

  async #send(): Promise<boolean> {
    const sent = await Promise.all([...this.#cutovers].map(([flag, cutover]) => this.#report(flag, cutover)));
    return sent.every(Boolean);
  }

  async #report(flag: string, cutover: Cutover): Promise<boolean> {
    const report = cutover.report ?? next(cutover.counts);
    if (report === null) return true;
    cutover.report = report;
    const { onMetric } = this.#options;
    const observations = observationsOf(report.rows);
    const { outcome, error } = await this.#post(flag, report);
    const old = performance.now() - report.since > reportAgeMs;
    const told = { flag, observations, ...(error === undefined ? {} : { error }) };
    if (outcome === "kept" && !old) {
      tell(onMetric, { kind: "report", outcome, ...told });
      return false;
    }
    cutover.report = null;
    if (outcome !== "sent") cutover.counts.lost(report.rows);
    tell(onMetric, { kind: "report", outcome: outcome === "sent" ? "sent" : "refused", ...told });
    return outcome === "sent";
  }

  /** Never throws. `kept`: to be sent again, the same body under the same key. */
  async #post(flag: string, { key, body }: Report): Promise<{ outcome: "sent" | "kept" | "refused"; error?: string }> {
    const { url, token, timeoutMs = 5_000, fetch = globalThis.fetch } = this.#options;
    try {
      const response = await fetch(new URL(`/v1/cutovers/${encodeURIComponent(flag)}/metrics`, url), {
        method: "POST",
        headers: {
          "content-type": "application/json",
          "idempotency-key": key,
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        },
        body,
        signal: AbortSignal.timeout(timeoutMs),
      });
      if (response.ok) {
        await response.body?.cancel();
        return { outcome: "sent" };
      }
      const { code } = (await response.json().catch(() => ({}))) as { code?: unknown };
      const error = typeof code === "string" ? code : `status ${response.status}`;
      const forGood = [400, 404, 413, 415, 422].includes(response.status) || code === "IDEMPOTENCY_MISMATCH";
      return { outcome: forGood ? "refused" : "kept", error };
    } catch (error) {
      return { outcome: "kept", error: errorName(error) };
    }
  }
}

function next(counts: MetricCounts): Report | null {
  const rows = counts.take();
  if (rows.length === 0) return null;
  return { key: randomUUID(), body: JSON.stringify({ counts: rows }), rows, since: performance.now() };
}
