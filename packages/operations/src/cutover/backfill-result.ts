import type { BackfillEstimate } from "./estimate-backfill.ts";

/** A legacy value that no code lists, in how many rows whose new column is still NULL. */
export interface QuarantinedValue {
  /** As stored, cut after 60 characters; null for NULL. */
  readonly value: string | null;
  readonly rows: number;
}

/** The document `cutover backfill --json` prints. */
export interface BackfillResult {
  readonly runId: string;
  readonly cutover: string;
  readonly table: string;
  readonly column: string;
  readonly runbookCompat: boolean;
  /** Rows that got their code from this run. */
  readonly filled: number;
  /** Unlisted values, most frequent first; the first 100. */
  readonly quarantined: readonly QuarantinedValue[];
  /** Rows left NULL because no code lists their value: all of them. */
  readonly quarantinedRows: number;
  /** Rows that could be filled and are not, by a scan of the whole table: 0 once it completed. */
  readonly remaining: number;
  readonly steps: number;
  readonly longestStepMs: number;
  /** How often a step met somebody else's lock, was taken back, and done again in halves. */
  readonly lockTimeouts: number;
  /** Milliseconds it waited between steps for others. */
  readonly pausedMs: number;
  /** Times it went over the table. */
  readonly passes: number;
  readonly durationMs: number;
  readonly bundle: { readonly path: string; readonly sha256: string } | null;
}

/** What `--dry-run` prints: nothing was written. */
export interface BackfillPlan extends BackfillEstimate {
  readonly runId: null;
  readonly dryRun: true;
  readonly cutover: string;
  readonly table: string;
  readonly column: string;
  readonly runbookCompat: boolean;
  /** Whether the cutover's phase has writers set both columns; where not, rows that they add have no code. */
  readonly dualWrite: boolean;
  readonly rows: number;
  /** Rows that would be filled, by code. */
  readonly toFill: number;
  readonly codes: Readonly<Record<string, number>>;
  readonly quarantined: readonly QuarantinedValue[];
  readonly quarantinedRows: number;
  /** What would make it quicker, measured on this target. */
  readonly advice: readonly string[];
  readonly durationMs: number;
}
