import { auditName, participantsName } from "@runback/attendance";
import { type Catalog, type Engine, findTable, RunbackError, type Table } from "@runback/core";

/** The attendance audit table, or undefined where the migration was not made. */
export async function findAttendanceAudit(engine: Engine, catalog?: Catalog): Promise<Table | undefined> {
  const live = catalog ?? (await engine.catalog());
  const participants = findTable(live, participantsName);
  return findTable(live, participants ? `${participants.schema}.${auditName}` : auditName);
}

/** @throws `ATTENDANCE_AUDIT_MISSING` */
export async function requireAttendanceAudit(engine: Engine): Promise<Table> {
  const table = await findAttendanceAudit(engine);
  if (table) return table;
  throw new RunbackError("ATTENDANCE_AUDIT_MISSING", `The table ${auditName} is not on this target.`, {
    recovery: "Nothing was changed. Run `runback attendance migrate` first, and check --target.",
    status: 409,
  });
}
