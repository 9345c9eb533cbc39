import type { Stage } from "@runback/core";

/** What applications saw of one stage: counts and times, no values and no keys. */
export interface MetricCounts {
  /** Calls of the side that does not decide, and how many of them threw or took too long. */
  readonly calls: number;
  readonly failed: number;
  readonly timeouts: number;
  /** Reads of both sides that were compared; `unknown`: the comparison itself threw. */
  readonly equal: number;
  readonly different: number;
  readonly unknown: number;
  /** Observations that were lost before they could be reported. */
  readonly dropped: number;
}

/** One row of a report. */
export interface ReportedCounts extends MetricCounts {
  readonly stage: Stage;
  readonly operation: "read" | "write";
  /** The instant that the flag server named as the phase's; null when the application knows none. */
  readonly since: string | null;
  /** Milliseconds of all calls, and of the slowest. */
  readonly totalMs: number;
  readonly maxMs: number;
}

/**
 * What a row's `since` is kept as: the instant of the phase that runs, or one of these. So nobody makes rows without end,
 * and what belongs to an earlier phase arrives late and counts for no gate.
 */
export const sinceUnknown = "unknown";
export const sinceEarlier = "earlier";
