import type { ConflictPolicy, TableRef } from "@runback/core";

export interface RollbackOptions {
  readonly runId: string;
  readonly operator: string;
  readonly onConflict: ConflictPolicy;
  /** The plan that was seen: any other is refused. */
  readonly planDigest?: string;
  /** Id of the approval a second person gave; `force` needs one. */
  readonly approval?: string;
  /** The run's own audit table. */
  readonly auditTable: TableRef;
}
