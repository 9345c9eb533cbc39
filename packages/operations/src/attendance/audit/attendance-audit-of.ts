import { type AttendanceVocabulary, auditName, participantsName } from "@runback/attendance";
import { type Engine, findTable, qualifiedName, RunbackError, type Table, type TableRef } from "@runback/core";
import { columnOf, isWholeNumber, tablesMissing } from "../attendance-tables.ts";
import { findAttendanceAudit } from "./require-attendance-audit.ts";

/** The audit table that is to be watched. */
export interface WatchedAudit {
  readonly table: Table | undefined;
  /** What it is called where it is not there any more. */
  readonly ref: TableRef;
  /** Its key: a whole number that grows. */
  readonly key: string;
  /** Set where the configuration says that it is there, and it or its key is not. */
  readonly missing?: RunbackError;
}

/**
 * The audit table of the configured vocabulary; without one, that of the attendance migration, if there is any.
 *
 * @throws `ATTENDANCE_AUDIT_UNWATCHED`
 */
export async function attendanceAuditOf(
  engine: Engine,
  configured: AttendanceVocabulary | undefined,
): Promise<WatchedAudit> {
  const catalog = await engine.catalog();
  if (configured === undefined) {
    const schema = findTable(catalog, participantsName)?.schema ?? "public";
    const table = await findAttendanceAudit(engine, catalog);
    return { table, ref: table ?? { schema, name: auditName }, key: "id" };
  }
  const { table: wanted, key } = configured.audit;
  const table = findTable(catalog, wanted.schema === "" ? wanted.name : qualifiedName(wanted));
  if (table === undefined) {
    const beside = findTable(catalog, configured.participants.table.name)?.schema ?? "public";
    const ref = { schema: wanted.schema === "" ? beside : wanted.schema, name: wanted.name };
    return { table, ref, key, missing: tablesMissing([wanted.name]) };
  }
  if (!table.columns.some(({ name }) => name === key))
    return { table, ref: table, key, missing: tablesMissing([`${wanted.name}.${key}`]) };
  if (isWholeNumber(columnOf(table, key))) return { table, ref: table, key };
  throw new RunbackError(
    "ATTENDANCE_AUDIT_UNWATCHED",
    `${wanted.name} cannot be watched: its key ${key} is no whole number, so that nothing says in which order rows came.`,
    {
      recovery:
        "Nothing was read. Give it a key that counts up, or say `attendance.scanAudit: false` in runback.config.ts: then nothing finds out who changes what is on record.",
      status: 409,
    },
  );
}
