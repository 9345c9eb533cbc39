import { RunbackError } from "@runback/core";
import { Command, CommanderError } from "commander";
import { approveCommand, tokenCommand } from "./commands/access.ts";
import { alertsCommand } from "./commands/alerts.ts";
import { attendanceCommand } from "./commands/attendance.ts";
import { auditCommand } from "./commands/audit.ts";
import { bundleCommand } from "./commands/bundle.ts";
import { cutoverCommand } from "./commands/cutover.ts";
import { doctorCommand } from "./commands/doctor.ts";
import { execCommand } from "./commands/exec.ts";
import { freezeCommand } from "./commands/freeze.ts";
import { guardCommand } from "./commands/guard.ts";
import { importCommand } from "./commands/import.ts";
import { initCommand } from "./commands/init.ts";
import { monitorCommand } from "./commands/monitor.ts";
import { retentionCommand } from "./commands/retention.ts";
import { rollbackCommand } from "./commands/rollback.ts";
import { runsCommand } from "./commands/runs.ts";
import { serveCommand } from "./commands/serve.ts";
import { snapshotCommand } from "./commands/snapshot.ts";
import { startCommand } from "./commands/start.ts";
import { verifyCommand } from "./commands/verify.ts";
import { printError } from "./print-error.ts";
import { Session } from "./session.ts";

/** Parses and executes a command line. @returns the exit status: 0 all good, 1 a check failed or conflicts, 2 error */
export async function main(args: readonly string[]): Promise<number> {
  const session = new Session();
  const program = new Command("runback")
    .description("Makes every change to a live SQL database reversible, verified and on the record.")
    .option("--json", "print exactly one JSON document on stdout")
    .option("--quiet", "print nothing but results and errors")
    .option("--target <name>", "database to work on, as runback.config.ts names it")
    .option("--config <file>", "configuration file", "runback.config.ts")
    .configureHelp({ showGlobalOptions: true })
    .exitOverride()
    .configureOutput(errorsThrown);
  for (const command of [
    initCommand,
    doctorCommand,
    importCommand,
    runsCommand,
    verifyCommand,
    rollbackCommand,
    execCommand,
    snapshotCommand,
    bundleCommand,
    guardCommand,
    attendanceCommand,
    cutoverCommand,
    auditCommand,
    monitorCommand,
    alertsCommand,
    retentionCommand,
    freezeCommand,
    approveCommand,
    tokenCommand,
    serveCommand,
    startCommand,
  ]) {
    program.addCommand(inherit(command(session)));
  }
  program.hook("preAction", (_, action) => session.configure(action.optsWithGlobals(), hosts(action)));
  try {
    await program.parseAsync(args, { from: "user" });
    return session.status;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0;
    return printError(error instanceof CommanderError ? usageError(error) : error, args.includes("--json"));
  } finally {
    await session.close();
  }
}

/** Commands that do what schedules do. */
function hosts(action: Command): boolean {
  const name = [action.parent?.name(), action.name()].join(" ");
  return ["runback serve", "runback start", "monitor run"].includes(name);
}

/** Usage errors are printed once, in the form of every other error. */
const errorsThrown = { outputError: () => {} };

function usageError({ code, message }: CommanderError): RunbackError {
  // Commander's own word for a command group without a command is "(outputHelp)"; the help is on stderr by then.
  const why = code === "commander.help" ? "A command is missing." : message.replace(/^error: /, "");
  return new RunbackError("USAGE", why, { recovery: "Add --help to a command to see its arguments and options." });
}

/** Global options are accepted after the command as well as before it, and usage errors are thrown, not exited on. */
function inherit(command: Command): Command {
  command.exitOverride().configureOutput(errorsThrown);
  const own = command.options.map((option) => option.long);
  // A group that is a command itself, such as `runs`, has options.
  if (command.commands.length === 0 || own.length > 0) {
    if (!own.includes("--json")) command.option("--json", "print exactly one JSON document on stdout");
    command.option("--quiet", "print nothing but results and errors");
    command.option("--target <name>", "database to work on");
    command.option("--config <file>", "configuration file");
  }
  for (const sub of command.commands) inherit(sub);
  return command;
}
