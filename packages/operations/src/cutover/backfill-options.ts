import type { ColumnCutover, TableRef } from "@runback/core";

export interface BackfillOptions {
  readonly cutover: ColumnCutover;
  readonly operator: string;
  /** Where it is put on record. */
  readonly auditTable: TableRef;
  /** Map by the runbook's own CASE, to the letter, whose ELSE takes everything. */
  readonly runbookCompat: boolean;
  /** Milliseconds that a step may take; its work aims at 40 % of them. Default 250. */
  readonly stepMs?: number;
}

export const defaultStepMs = 250;

/** What a run of it is recorded with: enough to go on from anywhere. */
export interface BackfillInput {
  readonly runbookCompat: boolean;
  readonly stepMs: number;
  readonly auditTable: TableRef;
}
