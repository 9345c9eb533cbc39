import type { TableDdl } from "@runback/core";

/** One verification query of runbook 2, as it is written there, and what it is about. */
export interface RunbookQuery {
  readonly id: "table" | "columns" | "index" | "backfill";
  /** Null where the server has no such catalog: then Runback's own look at it stands in. */
  readonly sql: string | null;
}

/** The runbook's queries. They ask `INFORMATION_SCHEMA` about `DATABASE()`; elsewhere that function has another name. */
export function runbookQueries({ databaseFunction, statisticsView }: TableDdl): readonly RunbookQuery[] {
  const inSchema = (view: string, select: string, rest: string) =>
    databaseFunction === null
      ? null
      : `SELECT ${select} FROM INFORMATION_SCHEMA.${view} WHERE TABLE_SCHEMA = ${databaseFunction} AND TABLE_NAME = ${rest}`;
  return [
    { id: "table", sql: inSchema("TABLES", "COUNT(*)", "'event_attendance_audit'") },
    {
      id: "columns",
      sql: inSchema(
        "COLUMNS",
        "COLUMN_NAME",
        "'event_participants' AND COLUMN_NAME IN ('attendance_status','attendance_marked_at','attendance_marked_by','attendance_notes','attendance_updated_at')",
      ),
    },
    {
      id: "index",
      sql: statisticsView
        ? inSchema(
            "STATISTICS",
            "INDEX_NAME",
            "'event_participants' AND INDEX_NAME = 'idx_participants_event_attendance'",
          )
        : null,
    },
    {
      id: "backfill",
      sql: "SELECT COUNT(*) FROM event_participants WHERE status = 'registered' AND (attendance_status IS NULL OR attendance_status = 'unknown')",
    },
  ];
}
