const minuteMs = 60_000;

/** When an event is, as instants. How long its doors are open is the event's own, or the house's. */
export interface EventTimes {
  readonly startsAt: Date;
  readonly endsAt: Date;
  /** Minutes before the start from which people are checked in; null for the house's. 0 means 0. */
  readonly windowMinutes: number | null;
  /** Minutes after the start that still count as on time, and after the end until it closes; null for the house's. 0 means 0. */
  readonly graceMinutes: number | null;
}

export interface EventDefaults {
  readonly windowMinutes: number;
  readonly graceMinutes: number;
}

export const eventDefaults: EventDefaults = { windowMinutes: 15, graceMinutes: 10 };

export interface EventMoments {
  readonly opens: Date;
  /** The last instant that counts as on time. */
  readonly onTimeUntil: Date;
  /** From here on nobody is checked in any more, and who was not is absent. */
  readonly closes: Date;
}

export function eventMoments(event: EventTimes, defaults: EventDefaults = eventDefaults): EventMoments {
  const windowMinutes = event.windowMinutes ?? defaults.windowMinutes;
  const graceMinutes = event.graceMinutes ?? defaults.graceMinutes;
  const after = (from: Date, minutes: number) => new Date(from.getTime() + minutes * minuteMs);
  return {
    opens: after(event.startsAt, -windowMinutes),
    onTimeUntil: after(event.startsAt, graceMinutes),
    closes: after(event.endsAt, graceMinutes),
  };
}
