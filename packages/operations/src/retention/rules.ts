const day = 24 * 60 * 60 * 1000;

/** One kind of thing in the vault that has an end. Bundles and audit anchors have none, so they have no rule. */
export interface RetentionRule {
  readonly prefix: "dry-runs/" | "snapshots/" | "runs/";
  readonly days: number;
}

/** Runbook figures: snapshots 30 days, dry-run artifacts 7. A run's start marker is of use no longer than a snapshot. */
export const retentionRules: readonly RetentionRule[] = [
  { prefix: "dry-runs/", days: 7 },
  { prefix: "runs/", days: 30 },
  { prefix: "snapshots/", days: 30 },
];

/** Staging and idempotency keys. */
export const scratchDays = 7;

/** Evidence of a cutover's monitor that nothing was wrong. */
export const cleanMonitorDays = 90;

/** What applications reported of a cutover's earlier phases. */
export const metricsDays = 90;

export function before(now: Date, days: number): Date {
  return new Date(now.getTime() - days * day);
}
