import type { UndoConflict, UndoCounts } from "@runback/core";

/** The document `rollback --json` prints. */
export interface RollbackResult {
  readonly runId: string;
  /** Null with `--plan`, or when conflicts aborted it. */
  readonly rollbackRunId: string | null;
  /** Rows of the run: the classes sum to it. */
  readonly planned: number;
  readonly classes: UndoCounts;
  readonly tables: Readonly<Record<string, UndoCounts>>;
  /** The first 1,000; the classes count all. */
  readonly conflicts: readonly UndoConflict[];
  readonly durationMs: number;
  readonly planDigest: string;
  /** Why the run is taken back statement by statement in reverse; null when the net order does. */
  readonly replay: string | null;
  /** True once every reverted row was compared with its before-image. */
  readonly verified: boolean;
  readonly bundle: { readonly path: string; readonly sha256: string } | null;
}
