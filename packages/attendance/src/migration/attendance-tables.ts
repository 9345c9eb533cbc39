import type { Table, TableRef, WantedColumn } from "@runback/core";

/** Tables and names of the attendance migration, as runbooks and their queries spell them. */
export const participantsName = "event_participants";
export const auditName = "event_attendance_audit";

/** What the audit table is called between its last writer and its end, when the migration is taken back. */
export const removedName = `${auditName}_removed`;

/** The audit table is beside the participants, wherever those are. */
export function auditBeside({ schema }: TableRef): TableRef {
  return { schema, name: auditName };
}

/** The participants' primary key. */
export const participantKey = "participant_id";

export const attendanceCodes = ["unknown", "present", "late", "absent"] as const;
export const attendanceActions = ["check_in", "correction", "mark_absent", "finalize_attended"] as const;

export const attendanceIndex = {
  name: "idx_participants_event_attendance",
  columns: ["event_id", "attendance_status"],
} as const;

/** The audit list pages by event, time and id. */
export const auditIndex = {
  name: "idx_event_attendance_audit_event",
  columns: ["event_id", "performed_at", "id"],
} as const;

/** Columns of the audit table by which a row is unique: what REPLACE and upsert find one by. */
export const auditUnique = ["dedupe_key"] as const;

/** Columns of people and events that the new ones are typed after. */
const keys = ["participant_id", "event_id", "user_id"] as const;

const like = (table: Table, name: string): WantedColumn["want"] => ({
  kind: "like",
  type: table.columns.find((column) => column.name === name)?.type ?? "",
});

/** Columns that the keys of the migration must have; without them nothing is planned. */
export function missingKeys(participants: Table): string[] {
  return [...keys, "status"].filter((name) => !participants.columns.some((column) => column.name === name));
}

/** What `event_participants` gets. Who marks is a user: their id has the type that users' ids have. */
export function participantColumns(participants: Table): readonly WantedColumn[] {
  return [
    { name: "attendance_status", want: { kind: "code", values: attendanceCodes }, nullable: true },
    { name: "attendance_marked_at", want: { kind: "instant" }, nullable: true },
    { name: "attendance_marked_by", want: like(participants, "user_id"), nullable: true },
    { name: "attendance_notes", want: { kind: "text" }, nullable: true },
    { name: "attendance_updated_at", want: { kind: "instant" }, nullable: true },
  ];
}

/**
 * The audit table. It has no foreign key: an action of one would change or delete audit rows without any trigger of the
 * table being called, and what is on record must outlive the people and events it is about.
 */
export function auditColumns(participants: Table): readonly WantedColumn[] {
  return [
    { name: "id", want: { kind: "row-id" }, nullable: false },
    { name: "event_id", want: like(participants, "event_id"), nullable: false },
    { name: "participant_id", want: like(participants, "participant_id"), nullable: false },
    { name: "user_id", want: like(participants, "user_id"), nullable: true },
    { name: "marked_by", want: like(participants, "user_id"), nullable: true },
    { name: "action", want: { kind: "code", values: attendanceActions }, nullable: false },
    { name: "previous_status", want: { kind: "short", length: 32 }, nullable: true },
    { name: "new_status", want: { kind: "short", length: 32 }, nullable: false },
    { name: "reason", want: { kind: "text" }, nullable: true },
    { name: "dedupe_key", want: { kind: "short", length: 191 }, nullable: true },
    { name: "performed_at", want: { kind: "instant" }, nullable: false, default: "now" },
  ];
}
