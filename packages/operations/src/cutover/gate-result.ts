import type { Position } from "./positions.ts";
import type { RowCounts } from "./row-counts.ts";

export type ConditionId =
  | "definition"
  | "schema"
  | "snapshot"
  | "dual-write"
  | "null-rows"
  | "mismatched"
  | "quarantined"
  | "invalid"
  | "monitor-runs"
  | "observation"
  | "comparisons"
  | "guard";

/** One condition of a gate as it was measured. */
export interface GateCondition {
  readonly id: ConditionId;
  readonly holds: boolean;
  /** A count, an id or a time; null when it could not be measured. */
  readonly measured: number | string | null;
  readonly needed: string;
  /** Why it does not hold, or why it could not be measured; null when it holds. */
  readonly why: string | null;
}

/** The document `cutover gate --json` prints. */
export interface GateResult {
  readonly cutover: string;
  readonly from: Position;
  readonly to: Position;
  /** Every condition holds. */
  readonly open: boolean;
  readonly measuredAt: string;
  readonly conditions: readonly GateCondition[];
  readonly counts: RowCounts | null;
  /** What a second person signs before the move; null when it needs nobody. */
  readonly approvalDigest: string | null;
}
