import type { TableDigest } from "@runback/core";
import type { PlanSummary } from "./plan-summary.ts";

/** Where an import stands. Stored in the transaction of the step that reached it. */
export type ImportCheckpoint =
  | { readonly phase: "stage" }
  | {
      readonly phase: "apply";
      readonly plan: PlanSummary;
      /** Index of the entity, and the line of its file, that were applied last. */
      readonly entity: number;
      readonly row: string;
      readonly stepRows: number;
      readonly applied: Applied;
    }
  | {
      /** All rows are written; what is left is evidence. Everything the bundle holds is fixed here, so that writing it again gives the same bytes. */
      readonly phase: "evidence";
      readonly plan: PlanSummary;
      readonly applied: Applied;
      readonly completedAt: string;
      readonly after: Readonly<Record<string, number>>;
      readonly digests: readonly TableDigest[];
    };

/** Rows that turned out to be changed by others between plan and step, by entity. */
export interface Applied {
  readonly rows: number;
  readonly changedMeanwhile: Readonly<Record<string, number>>;
}

export const firstCheckpoint: ImportCheckpoint = { phase: "stage" };
