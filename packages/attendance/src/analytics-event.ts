/**
 * An event for the application's analytics. Ids, words and times only; what says who somebody is stands in `pii`, so that
 * whoever passes the event on can leave it out whole.
 */
export interface AnalyticsEvent {
  readonly name: "attendee_status_change";
  /** When it happened, by the server's clock. */
  readonly timestamp: string;
  /** A user of the application by id; absent where nobody by such an id did it. */
  readonly actorId?: string;
  readonly context: {
    readonly event: string;
    /** As the audit says it. */
    readonly action: string;
    /** The run that did it; absent where it was one person's mark. */
    readonly runId?: string;
  };
  readonly payload: {
    readonly attendanceId: string;
    /** Null where the row had none. */
    readonly priorStatus: string | null;
    readonly newStatus: string;
    readonly origin: "single" | "bulk";
  };
  readonly pii: { readonly actor?: string };
}

/** One change of one participant. */
export interface AttendeeStatusChange {
  readonly attendanceId: string;
  readonly priorStatus: string | null;
  readonly newStatus: string;
}

/** Who changed it, when, and how. */
export interface ChangeContext {
  readonly at: Date;
  /** A user's id where `actorIsId`, else somebody's name. */
  readonly actor: string;
  readonly actorIsId: boolean;
  readonly event: string;
  readonly action: string;
  /** A run changes many at once. */
  readonly runId: string | null;
}

/** One event a change. They share everything but their payloads. */
export function attendeeStatusChanges(
  changes: readonly AttendeeStatusChange[],
  { at, actor, actorIsId, event, action, runId }: ChangeContext,
): AnalyticsEvent[] {
  const origin = runId === null ? "single" : "bulk";
  const shared = {
    name: "attendee_status_change",
    timestamp: at.toISOString(),
    ...(actorIsId ? { actorId: actor } : {}),
    context: { event, action, ...(runId === null ? {} : { runId }) },
    pii: actorIsId ? {} : { actor },
  } as const;
  return changes.map(({ attendanceId, priorStatus, newStatus }) => ({
    ...shared,
    payload: { attendanceId, priorStatus, newStatus, origin },
  }));
}
