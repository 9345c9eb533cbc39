import type { TableDigest } from "@runback/core";
import type { PlanSummary } from "./plan-summary.ts";

/** A part of an entity's file that is applied by itself, step after step. */
export interface Lane {
  /** Line that was applied last. */
  readonly after: string;
  /** Last line of the part; null for the end of the file. */
  readonly through: string | null;
  readonly done: boolean;
}

export interface ApplyCheckpoint {
  readonly phase: "apply";
  readonly plan: PlanSummary;
  /** Index of the entity whose turn it is. */
  readonly entity: number;
  /** Null until the entity's work is split. */
  readonly lanes: readonly Lane[] | null;
  readonly stepRows: number;
  readonly applied: Applied;
}

/** All rows are written; what is left is evidence. What the bundle holds is fixed here: writing it again gives the same bytes. */
export interface EvidenceCheckpoint {
  readonly phase: "evidence";
  readonly plan: PlanSummary;
  readonly applied: Applied;
  readonly completedAt: string;
  readonly after: Readonly<Record<string, number>>;
  readonly digests: readonly TableDigest[];
}

/** Where an import stands. Stored in the transaction of the step that reached it. */
export type ImportCheckpoint = { readonly phase: "stage" } | ApplyCheckpoint | EvidenceCheckpoint;

/** Rows that turned out to be changed by others between plan and step, by entity. */
export interface Applied {
  readonly rows: number;
  readonly changedMeanwhile: Readonly<Record<string, number>>;
}

export const firstCheckpoint: ImportCheckpoint = { phase: "stage" };
