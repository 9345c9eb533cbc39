import type { Difference } from "@runback/attendance";
import type { TableRef } from "@runback/core";

export interface AttendanceMigrateOptions {
  readonly operator: string;
  readonly auditTable: TableRef;
}

/** The document `attendance migrate --json` prints. */
export interface AttendanceMigration {
  /** Null with `--dry-run`, and when nothing was left to do. */
  readonly runId: string | null;
  readonly dryRun: boolean;
  /** What was there before, as it should be or in another form. */
  readonly present: readonly string[];
  readonly steps: readonly { readonly object: string; readonly sql: string; readonly locks: string }[];
  readonly differences: readonly Difference[];
  readonly obstacles: readonly Difference[];
  /** True: the schema changes are made at once or not at all. False: each commits by itself, and stays when a later one fails. */
  readonly atomic: boolean;
  /** Participants without an attendance status: with `--dry-run` those to be set, otherwise those that were. */
  readonly backfill: number;
  readonly durationMs: number;
}
