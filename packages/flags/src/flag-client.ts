import { RunbackError, type Stage, stages } from "@runback/core";
import { errorName, type MetricListener, tell } from "./metric.ts";

export interface FlagClientOptions {
  /** Base address of the flag server: `https://runback.example.org`. */
  readonly url: string;
  /** Bearer token of a viewer. */
  readonly token?: string;
  /**
   * The stage when the server never answered. `dualwrite` unless said otherwise: both columns are written and the legacy
   * one is read, which is right up to phase 2, reads right in phase 3 and loses no write in phase 4. A build that the guard
   * passed writes no legacy column: it says `complete`.
   */
  readonly fallback?: Stage;
  /** Milliseconds a request may take; 1,000. */
  readonly timeoutMs?: number;
  /** Milliseconds between requests once `start` was called; 10,000. */
  readonly everyMs?: number;
  readonly onMetric?: MetricListener;
  /** For tests; default: the runtime's own. */
  readonly fetch?: typeof globalThis.fetch;
}

/**
 * Reads flags over OFREP, and answers from memory: asking for a flag never waits and never throws. While the server is
 * down the last known values go on; before it ever answered, the fallback does.
 */
export class FlagClient {
  readonly #options: FlagClientOptions;
  readonly #flags = new Map<string, unknown>();
  readonly #since = new Map<string, string>();
  #etag: string | null = null;
  #timer: NodeJS.Timeout | undefined;
  #refreshing: Promise<boolean> | null = null;

  /** @throws `FLAG_SERVER_INVALID` */
  constructor(options: FlagClientOptions) {
    if (!URL.canParse(options.url))
      throw new RunbackError("FLAG_SERVER_INVALID", "The address of the flag server is no URL.", {
        recovery: "Give the base address, such as https://runback.example.org. No flag was read.",
      });
    this.#options = options;
  }

  /** The stage of a cutover: the last known one, or the fallback. */
  stage(cutover: string): Stage {
    const value = this.#flags.get(cutover);
    return isStage(value) ? value : (this.#options.fallback ?? "dualwrite");
  }

  /** Since when the server counts comparisons of the stage that `stage` answers; null while it never said. */
  since(cutover: string): string | null {
    return this.#since.get(cutover) ?? null;
  }

  /** A boolean flag: the last known value, or the one given. */
  enabled(flag: string, otherwise: boolean): boolean {
    const value = this.#flags.get(flag);
    return typeof value === "boolean" ? value : otherwise;
  }

  /** Asks the server once. @returns whether it answered */
  async refresh(): Promise<boolean> {
    this.#refreshing ??= this.#ask().finally(() => {
      this.#refreshing = null;
    });
    return await this.#refreshing;
  }

  /** Asks now, then every `everyMs`. Does not keep a process alive. */
  async start(): Promise<boolean> {
    this.#timer ??= setInterval(() => void this.refresh(), this.#options.everyMs ?? 10_000);
    this.#timer.unref?.();
    return await this.refresh();
  }

  close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  async #ask(): Promise<boolean> {
    const { url, token, onMetric, timeoutMs = 1_000, fetch = globalThis.fetch } = this.#options;
    try {
      const response = await fetch(new URL("/ofrep/v1/evaluate/flags", url), {
        method: "POST",
        headers: {
          "content-type": "application/json",
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          ...(this.#etag === null ? {} : { "if-none-match": this.#etag }),
        },
        body: '{"context":{}}',
        signal: AbortSignal.timeout(timeoutMs),
      });
      if (response.status === 304) {
        tell(onMetric, { kind: "refresh", outcome: "unchanged" });
        return true;
      }
      if (!response.ok) throw new Error(`status ${response.status}`);
      const { flags } = (await response.json()) as { flags?: unknown };
      if (!Array.isArray(flags)) throw new TypeError("no list of flags");
      // A flag that is no longer listed keeps its last value: a cutover that is done goes on as it ended.
      for (const flag of flags as { key?: unknown; value?: unknown; metadata?: { since?: unknown } | null }[]) {
        if (typeof flag?.key !== "string" || !(typeof flag.value === "boolean" || isStage(flag.value))) continue;
        this.#flags.set(flag.key, flag.value);
        const since = flag.metadata?.since;
        if (typeof since === "string") this.#since.set(flag.key, since);
        else this.#since.delete(flag.key);
      }
      this.#etag = response.headers.get("etag");
      tell(onMetric, { kind: "refresh", outcome: "new" });
      return true;
    } catch (error) {
      tell(onMetric, { kind: "refresh", outcome: "kept", error: errorName(error) });
      return false;
    }
  }
}

const isStage = (value: unknown): value is Stage => stages.includes(value as Stage);
