import type { Stage } from "@runback/core";
import type { Metric } from "./metric.ts";

/** One row of a report, as `POST /v1/cutovers/{name}/metrics` takes it. */
export interface Counts {
  readonly stage: Stage;
  readonly operation: "read" | "write";
  readonly since: string | null;
  calls: number;
  failed: number;
  timeouts: number;
  equal: number;
  different: number;
  unknown: number;
  dropped: number;
  totalMs: number;
  maxMs: number;
}

/** A phase more than this many in one interval: it is counted as of no known one. Rows of a report stay below 100. */
const sinceAtMost = 64;

/** A number a report may carry. */
const countAtMost = 1_000_000_000;

/** Counts of one cutover: as many rows as stages, operations and phases were seen, whatever the number of calls. */
export class MetricCounts {
  readonly #rows = new Map<string, Counts>();

  add(metric: Exclude<Metric, { kind: "refresh" | "report" }>): void {
    const row = this.#row(metric.stage, metric.kind === "secondary-write" ? "write" : "read", metric.since);
    if (metric.kind === "comparison") {
      raise(row, metric.outcome);
      return;
    }
    raise(row, "calls");
    if (metric.outcome === "failed") raise(row, "failed");
    if (metric.outcome === "timeout") raise(row, "timeouts");
    row.totalMs += metric.durationMs;
    row.maxMs = Math.max(row.maxMs, metric.durationMs);
  }

  /** Says in the next report that these were lost. */
  lost(rows: readonly Counts[]): void {
    for (const each of rows)
      raise(this.#row(each.stage, each.operation, each.since), "dropped", observationsOf([each]));
  }

  /** Everything so far; begins anew. Empty where nothing was observed but losses: those wait for company. */
  take(): readonly Counts[] {
    const rows = [...this.#rows.values()];
    if (rows.every((each) => observationsOf([each]) === each.dropped)) return [];
    this.#rows.clear();
    return rows;
  }

  get observations(): number {
    return observationsOf([...this.#rows.values()]);
  }

  #row(stage: Stage, operation: "read" | "write", since: string | null): Counts {
    const key = `${stage} ${operation} ${since}`;
    const known = this.#rows.get(key);
    if (known !== undefined) return known;
    if (since !== null && this.#rows.size >= sinceAtMost) return this.#row(stage, operation, null);
    const none = { calls: 0, failed: 0, timeouts: 0, equal: 0, different: 0, unknown: 0, dropped: 0 };
    const row: Counts = { stage, operation, since, ...none, totalMs: 0, maxMs: 0 };
    this.#rows.set(key, row);
    return row;
  }
}

/** How much was seen, whatever it was: calls and comparisons. */
export function observationsOf(rows: readonly Counts[]): number {
  return rows.reduce((sum, row) => sum + row.calls + row.equal + row.different + row.unknown + row.dropped, 0);
}

function raise(
  row: Counts,
  name: "calls" | "failed" | "timeouts" | "equal" | "different" | "unknown" | "dropped",
  by = 1,
) {
  row[name] = Math.min(row[name] + by, countAtMost);
}
