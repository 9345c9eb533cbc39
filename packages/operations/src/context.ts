import type { Clock, Engine, Logger, Vault } from "@runback/core";
import type { AnalyticsSink } from "./attendance/analytics.ts";

/** What every operation is given. Nothing in this package reads the environment, the clock or the network by itself. */
export interface Context {
  readonly engine: Engine;
  readonly vault: Vault;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Told of changes of attendance once they are committed; absent: nobody is. */
  readonly analytics?: AnalyticsSink;
  /** Name of the target, for alerts; `default` when absent. */
  readonly target?: string;
  /** Who is executing, for leases: `host:pid`. */
  readonly holder: string;
  /** True when the process a lease names is known to be dead, so that its lease need not expire first. */
  readonly isDead: (holder: string) => boolean;
  /** Aborted by Ctrl-C: operations stop at the next step boundary. */
  readonly signal?: AbortSignal;
  /** Rows of every step; without it steps grow and shrink to about half a second's work each. */
  readonly stepRows?: number;
  /** Where run ids come from; without it they are the time and a random part. */
  readonly newRunId?: () => string;
  /** Called after each committed step. */
  readonly onProgress?: (progress: Progress) => void;
}

export interface Progress {
  readonly runId: string;
  readonly phase: string;
  readonly done: number;
  readonly total: number;
}
