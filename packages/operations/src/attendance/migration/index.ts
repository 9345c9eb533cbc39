export { type AuditScan, scanAttendanceAudit } from "../audit/scan.ts";
export { type AuditTriggers, attendanceTriggers, setAttendanceTriggers } from "../audit/triggers.ts";
export {
  type AttendanceRemoval,
  advanceAttendanceRemoval,
  planAttendanceRemoval,
  removeAttendance,
  startAttendanceRemoval,
} from "../removal/remove.ts";
export {
  advanceAttendanceMigration,
  migrateAttendance,
  planAttendance,
  startAttendanceMigration,
} from "./migrate.ts";
export type { AttendanceMigrateOptions, AttendanceMigration } from "./migrate-options.ts";
export { type AttendanceVerb, attendanceMigration } from "./unfinished.ts";
export { type AttendanceCheck, type AttendanceVerification, verifyAttendance } from "./verify.ts";
