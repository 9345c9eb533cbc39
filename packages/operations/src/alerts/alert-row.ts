import type { Alert } from "@runback/core";

export interface AlertRow {
  readonly id: string;
  readonly check_id: string;
  readonly target: string;
  readonly state: Alert["state"];
  readonly severity: Alert["severity"];
  readonly title: string;
  readonly code: string;
  readonly reasons: string;
  readonly run_id: string | null;
  readonly occurrences: number | string;
  readonly opened_at: string;
  readonly last_at: string;
  readonly acknowledged_by: string | null;
  readonly acknowledged_at: string | null;
  readonly resolved_at: string | null;
}

export function alertOf(row: AlertRow): Alert {
  return {
    id: row.id,
    check: row.check_id,
    target: row.target,
    state: row.state,
    severity: row.severity,
    title: row.title,
    code: row.code,
    reasons: JSON.parse(row.reasons) as string[],
    ...(row.run_id === null ? {} : { runId: row.run_id }),
    occurrences: Number(row.occurrences),
    openedAt: row.opened_at,
    lastAt: row.last_at,
    acknowledgedBy: row.acknowledged_by,
    acknowledgedAt: row.acknowledged_at,
    resolvedAt: row.resolved_at,
  };
}
