import { fold, type TableRef } from "@runback/core";
import { attendeeStatus } from "./attendee-status.ts";

/**
 * How an installation spells attendance: its tables, columns and words, as a value. The operations know no others, so one
 * core serves every vocabulary.
 */
export interface AttendanceVocabulary {
  readonly name: string;
  /** `attendance`: doors open and close around an event's start. `attendee-status`: one status that moves from code to code. */
  readonly rules: "attendance" | "attendee-status";
  readonly events: {
    readonly table: TableRef;
    readonly key: string;
    readonly startsAt: string;
    readonly endsAt: string;
    readonly status: string;
    /** Columns of an event's own minutes or hours, where there are any; NULL in one is the house's default. */
    readonly windowMinutes: string | null;
    readonly graceMinutes: string | null;
    readonly graceHours: string | null;
    /** Statuses of events that are held: all others are left alone. */
    readonly held: readonly string[];
    /** What closing makes of the event itself. */
    readonly completes: { readonly from: readonly string[]; readonly to: string } | null;
  };
  readonly participants: {
    readonly table: TableRef;
    readonly key: string;
    readonly event: string;
    readonly user: string;
    /** Where being registered is a status of its own beside attendance. */
    readonly registration: { readonly column: string; readonly registered: string; readonly attended: string } | null;
    readonly attendance: string;
    /** Columns that hold the same code, while one replaces another. */
    readonly mirrors: readonly string[];
    /** When attendance was last marked, whichever way. */
    readonly markedAt: string | null;
    readonly markedBy: string | null;
    /** When the person came; NULL for everybody who did not. */
    readonly checkedInAt: string | null;
    readonly updatedAt: string | null;
  };
  readonly words: {
    /** Nothing is known yet: what closing an event makes absent. */
    readonly unmarked: readonly string[];
    /** Whether NULL says so too. */
    readonly nullIsUnmarked: boolean;
    readonly seen: readonly string[];
    readonly absent: string;
    /** How rows from before spell the words, compared trimmed and case-folded; what nobody lists is no word. */
    readonly spellings?: Readonly<Record<string, readonly string[]>>;
  };
  readonly audit: {
    readonly table: TableRef;
    readonly key: string;
    readonly participant: string;
    readonly event: string | null;
    readonly user: string | null;
    readonly markedBy: string;
    readonly action: string | null;
    readonly previous: string;
    readonly next: string;
    readonly reason: string;
    /** Unique: an entry of one closing about one participant is there once. */
    readonly dedupe: string | null;
    readonly performedAt: string;
  };
  /** The reason of what a closing marks. Where no dedupe key names the closing, its run is added. */
  readonly automaticReason: string;
}

/** Runbook 2: participants of events, registered and then present, late or absent. */
export const eventParticipants: AttendanceVocabulary = {
  name: "event-participants",
  rules: "attendance",
  events: {
    table: { schema: "", name: "events" },
    key: "event_id",
    startsAt: "start_datetime",
    endsAt: "end_datetime",
    status: "status",
    windowMinutes: "attendance_checkin_window_mins",
    graceMinutes: "attendance_grace_mins",
    graceHours: null,
    held: ["published", "ongoing", "completed"],
    completes: { from: ["published", "ongoing"], to: "completed" },
  },
  participants: {
    table: { schema: "", name: "event_participants" },
    key: "participant_id",
    event: "event_id",
    user: "user_id",
    registration: { column: "status", registered: "registered", attended: "attended" },
    attendance: "attendance_status",
    mirrors: [],
    markedAt: "attendance_marked_at",
    markedBy: "attendance_marked_by",
    checkedInAt: null,
    updatedAt: "attendance_updated_at",
  },
  words: { unmarked: ["unknown"], nullIsUnmarked: true, seen: ["present", "late"], absent: "absent" },
  audit: {
    table: { schema: "", name: "event_attendance_audit" },
    key: "id",
    participant: "participant_id",
    event: "event_id",
    user: "user_id",
    markedBy: "marked_by",
    action: "action",
    previous: "previous_status",
    next: "new_status",
    reason: "reason",
    dedupe: "dedupe_key",
    performedAt: "performed_at",
  },
  automaticReason: "auto-absent",
};

/** Runbook 1: attendees of events, with one status of four codes. Its events stay as they are when they are closed. */
export const eventAttendees: AttendanceVocabulary = {
  name: "event-attendees",
  rules: "attendee-status",
  events: {
    table: { schema: "", name: "events" },
    key: "id",
    startsAt: "starts_at",
    endsAt: "ends_at",
    status: "status",
    windowMinutes: null,
    graceMinutes: null,
    graceHours: null,
    held: ["active", "completed"],
    completes: null,
  },
  participants: {
    table: { schema: "", name: "event_attendance" },
    key: "id",
    event: "event_id",
    user: "member_id",
    registration: null,
    attendance: "status",
    mirrors: [],
    markedAt: null,
    markedBy: null,
    checkedInAt: "checked_in_at",
    updatedAt: "updated_at",
  },
  words: {
    ...{ unmarked: ["preregistered", "walkin"], nullIsUnmarked: false, seen: ["checkedin"], absent: "dna" },
    // The cutover's own table: the application, the backfill and the closing read a status alike.
    spellings: Object.fromEntries(attendeeStatus.codes.map(({ code, spellings }) => [code, spellings])),
  },
  audit: {
    table: { schema: "", name: "status_audit_log" },
    key: "id",
    participant: "attendance_id",
    event: null,
    user: null,
    markedBy: "changed_by",
    action: null,
    previous: "prior_status",
    next: "new_status",
    reason: "reason",
    dedupe: null,
    performedAt: "changed_at",
  },
  automaticReason: "auto-dna",
};

/** Every code of attendance that this vocabulary has. */
export function attendanceWords({ words }: AttendanceVocabulary): readonly string[] {
  return [...words.unmarked, ...words.seen, words.absent];
}

/** Folded spelling and the word it means; empty where words are stored as they are. */
export function wordSpellings(
  vocabulary: AttendanceVocabulary,
): readonly (readonly [spelling: string, word: string])[] {
  const { spellings } = vocabulary.words;
  if (spellings === undefined) return [];
  return attendanceWords(vocabulary).flatMap((word) =>
    [word, ...(spellings[word] ?? [])].map((each) => [fold(each), word] as const),
  );
}

/** The word that a stored status means; the status itself where it is none. */
export function wordOf(vocabulary: AttendanceVocabulary, status: string): string {
  const folded = fold(status);
  return wordSpellings(vocabulary).find(([spelling]) => spelling === folded)?.[1] ?? status;
}
