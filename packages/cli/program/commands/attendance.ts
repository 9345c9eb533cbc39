import { Command } from "commander";
import type { Session } from "../session.ts";
import { attendanceAuditCommand } from "./attendance-audit.ts";
import { attendanceCheckInCommand } from "./attendance-check-in.ts";
import { attendanceCloseCommand } from "./attendance-close.ts";
import { attendanceCorrectCommand } from "./attendance-correct.ts";
import { attendanceMigrateCommand } from "./attendance-migrate.ts";
import { attendanceReportCommand } from "./attendance-report.ts";
import { attendanceRollbackCommand } from "./attendance-rollback.ts";
import { attendanceScanCommand } from "./attendance-scan.ts";
import { attendanceTriggersCommand } from "./attendance-triggers.ts";
import { attendanceUndoCommand } from "./attendance-undo.ts";
import { attendanceVerifyCommand } from "./attendance-verify.ts";

/** A thin list: each subcommand has a file of its own. */
export function attendanceCommand(session: Session): Command {
  const command = new Command("attendance").description("attendance of events: its tables, its audit, its operations");
  for (const sub of [
    attendanceMigrateCommand,
    attendanceCheckInCommand,
    attendanceCorrectCommand,
    attendanceCloseCommand,
    attendanceUndoCommand,
    attendanceReportCommand,
    attendanceAuditCommand,
    attendanceVerifyCommand,
    attendanceTriggersCommand,
    attendanceScanCommand,
    attendanceRollbackCommand,
  ])
    command.addCommand(sub(session));
  return command;
}
