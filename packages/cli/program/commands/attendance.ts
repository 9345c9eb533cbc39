import { Command } from "commander";
import type { Session } from "../session.ts";
import { attendanceMigrateCommand } from "./attendance-migrate.ts";

/** A thin list: each subcommand has a file of its own. */
export function attendanceCommand(session: Session): Command {
  const command = new Command("attendance").description("attendance of events: its tables, its audit, its operations");
  for (const sub of [attendanceMigrateCommand]) command.addCommand(sub(session));
  return command;
}
