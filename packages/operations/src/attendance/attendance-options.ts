import { type AttendanceVocabulary, type EventDefaults, eventDefaults } from "@runback/attendance";

/** What every attendance operation is told of its installation. */
export interface AttendanceOptions {
  readonly vocabulary: AttendanceVocabulary;
  /** Minutes of events that have none of their own; default 15 before the start, 10 of grace. */
  readonly defaults?: Partial<EventDefaults>;
}

export function defaultsOf({ defaults }: Pick<AttendanceOptions, "defaults">): EventDefaults {
  return { ...eventDefaults, ...defaults };
}
