export type AlertState = "open" | "acknowledged" | "resolved";

/** `critical` pages somebody, `error` waits for the morning, `warning` is looked at. */
export type AlertSeverity = "critical" | "error" | "warning";

/** What a check found. Ids and counts only: an alert leaves the house, and nothing personal may be in it. */
export interface AlertFinding {
  /** Stable id of the check: `verification:<migration>`, `schedule:<name>`, `run:<migration>`. */
  readonly check: string;
  /** Name of the target it was found on. */
  readonly target: string;
  readonly severity: AlertSeverity;
  /** One line for a person who was asleep a minute ago. */
  readonly title: string;
  /** Stable code of the failure. */
  readonly code: string;
  /** Why somebody has to look: a line each. */
  readonly reasons: readonly string[];
  readonly runId?: string;
}

/** One failure from when it was first found until a later PASS resolves it. At most one a check and target is not resolved. */
export interface Alert extends AlertFinding {
  readonly id: string;
  readonly state: AlertState;
  /** How often the check failed since. */
  readonly occurrences: number;
  readonly openedAt: string;
  readonly lastAt: string;
  readonly acknowledgedBy: string | null;
  readonly acknowledgedAt: string | null;
  readonly resolvedAt: string | null;
}

export type AlertEventKind = "opened" | "acknowledged" | "resolved";

/** What receivers are told: an alert as it was at that moment. */
export interface AlertEvent {
  readonly id: string;
  readonly kind: AlertEventKind;
  readonly at: string;
  readonly alert: Alert;
}
