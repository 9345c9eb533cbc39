import { doctor } from "@runback/operations";
import { Command } from "commander";
import type { Session } from "../session.ts";

export function doctorCommand(session: Session): Command {
  return new Command("doctor")
    .description("check environment, connections, grants, versions and clocks; changes nothing")
    .action(async () => {
      const runtime = await session.runtime();
      const report = await doctor(runtime.context, {
        databaseUrl: process.env.DATABASE_URL ?? null,
        env: process.env,
        receivers: () => runtime.alerts.receivers(),
        auditTable: runtime.auditTable(),
        ...(runtime.config.migrations.length === 0 ? {} : { declaration: runtime.migration().declaration }),
      });
      session.status = report.ok ? 0 : 1;
      session.result(report, () =>
        report.checks
          .map(
            (check) =>
              `${check.outcome}  ${check.id}: ${check.message}${check.remedy === null ? "" : `\n      ${check.remedy}`}`,
          )
          .join("\n"),
      );
    });
}
