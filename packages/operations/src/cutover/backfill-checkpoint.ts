import type { Pace } from "./backfill-pace.ts";
import type { QuarantinedValue } from "./backfill-result.ts";

interface Progressed {
  /** Rows that got their code. */
  readonly filled: number;
  readonly steps: number;
  readonly longestStepMs: number;
  readonly lockTimeouts: number;
  readonly pausedMs: number;
  /** From 1. */
  readonly pass: number;
}

/** Going over the table in windows of its key. */
export type FillCheckpoint = Progressed & {
  readonly phase: "fill";
  /** Key of the last row looked at, as texts; null at the beginning of a pass. */
  readonly after: readonly string[] | null;
  /** At the end of the table: what comes next is to prove that nothing is left. */
  readonly ended: boolean;
  readonly pace: Pace;
  /** Rows whose new column was NULL when it began, for the progress bar. */
  readonly total: number;
  /** Of this pass: rows filled, and windows left to the next one because of somebody's lock. */
  readonly passFilled: number;
  readonly passSkipped: number;
  /** As the engine last said it: what others wrote is counted from there. */
  readonly commits: string | null;
};

/** Everything is filled, as a scan proved; what is left is the record of it. */
export type EvidenceCheckpoint = Progressed & {
  readonly phase: "evidence";
  readonly quarantined: readonly QuarantinedValue[];
  readonly quarantinedRows: number;
  readonly completedAt: string;
};

/** Where a backfill stands; stored with its run. */
export type BackfillCheckpoint = FillCheckpoint | EvidenceCheckpoint;
