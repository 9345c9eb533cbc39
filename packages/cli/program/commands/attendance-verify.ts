import type { AttendanceCheck } from "@runback/operations";
import { Command } from "commander";
import type { Session } from "../session.ts";

export function attendanceVerifyCommand(session: Session): Command {
  return new Command("verify")
    .description("post-migration validation: tables, columns, index, backfill, and that the audit is append-only")
    .option("-v, --verbose", "show the queries of the runbook that were run")
    .action(async ({ verbose }: { verbose?: boolean }) => {
      const runtime = await session.runtime();
      const report = await runtime.attendance.verifyMigration();
      session.status = report.passed ? 0 : 1;
      session.result(report, () => {
        const { total, passed, warnings, failed } = report.summary;
        return [
          ...report.checks.flatMap((check) => lines(check, verbose === true)),
          `${total} checks: ${passed} passed, ${warnings} warnings, ${failed} failed`,
        ].join("\n");
      });
    });
}

function lines({ outcome, id, message, query }: AttendanceCheck, verbose: boolean): string[] {
  return [`${outcome}  ${id}: ${message}`, ...(verbose && query !== undefined ? [`      ${query}`] : [])];
}
