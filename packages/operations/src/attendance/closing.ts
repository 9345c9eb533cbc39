import type { AttendanceVocabulary, EventDefaults } from "@runback/attendance";
import type { Run, TableRef } from "@runback/core";

/** What resuming a closing needs; stored with its run, so that nothing else has to be known to go on. */
export interface ClosingInput {
  readonly vocabulary: AttendanceVocabulary;
  readonly defaults: EventDefaults;
  readonly event: string;
  readonly auditTable: TableRef;
}

/** Where a closing stands; stored with its run. */
export interface ClosingCheckpoint {
  readonly phase: "absent" | "complete" | "finalize" | "conclude";
  /** Key of the last participant of this phase that was looked at. */
  readonly after: string | null;
  readonly stepRows: number;
  /** As it was when the closing began. */
  readonly scanned: number;
  readonly alreadyAbsent: number;
  /** How many each phase was to change then: where a step has room for all, it need not look where it ends. */
  readonly expected: { readonly absent: number; readonly finalize: number };
  readonly batches: readonly Batch[];
  readonly completed: boolean;
  readonly finalized: number;
}

export interface Batch {
  readonly batch: number;
  readonly flagged: number;
  readonly durationMs: number;
}

/** What one closing did to those who did not come. The counts sum to `scanned`. */
export interface AbsenceSummary {
  readonly scanned: number;
  readonly flagged: number;
  readonly skipped: {
    /** Marked absent by somebody else while it ran. */
    readonly dedupe: number;
    readonly already_absent: number;
    /** Present, late, or marked otherwise. */
    readonly other: number;
  };
  readonly batches: readonly Batch[];
  readonly durationMs: number;
}

export interface ClosingResult {
  readonly event: string;
  /** Null when there was nothing to do. */
  readonly runId: string | null;
  /** Whether this closing made the event completed. */
  readonly completed: boolean;
  readonly finalized: number;
  readonly summary: AbsenceSummary;
}

/** The migration of its run: one closing of an event at a time writes, and so does its rollback. */
export const closingName = (event: string) => `attendance:${event}`;
/** Other runs of attendance prepare its tables. */
export const isClosing = (run: Run) => run.migration.startsWith("attendance:");
/** The alert of a closing that failed: the one that its run raises, also where it failed before there was a run. */
export const closingCheck = (event: string) => `run:attendance:${closingName(event)}`;
export const closingLease = (event: string) => `migration:${closingName(event)}`;

export function summaryOf(
  { scanned, alreadyAbsent, batches }: Pick<ClosingCheckpoint, "scanned" | "alreadyAbsent" | "batches">,
  absentNow: number,
  durationMs: number,
): AbsenceSummary {
  const flagged = batches.reduce((sum, batch) => sum + batch.flagged, 0);
  const dedupe = Math.min(
    Math.max(absentNow - alreadyAbsent - flagged, 0),
    Math.max(scanned - alreadyAbsent - flagged, 0),
  );
  const other = Math.max(scanned - alreadyAbsent - flagged - dedupe, 0);
  return { scanned, flagged, skipped: { dedupe, already_absent: alreadyAbsent, other }, batches, durationMs };
}
