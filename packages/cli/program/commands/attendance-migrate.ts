import type { AttendanceMigration } from "@runback/operations";
import { Command } from "commander";
import type { Session } from "../session.ts";

export function attendanceMigrateCommand(session: Session): Command {
  return new Command("migrate")
    .description(
      "add what is missing of the attendance columns, index and audit table; set who has no status to unknown",
    )
    .option("--dry-run", "show what is there and what would be done; change nothing")
    .option("--operator <name>", "who runs it, for the record")
    .action(async ({ dryRun, operator }: { dryRun?: boolean; operator?: string }) => {
      const runtime = await session.runtime();
      const { attendance } = runtime;
      const result = dryRun
        ? await attendance.planMigration()
        : await attendance.migrate({ operator: session.operator(operator) });
      session.status = result.obstacles.length > 0 ? 1 : 0;
      session.result(result, () => migrationText(result));
    });
}

function migrationText(result: AttendanceMigration): string {
  const { dryRun, runId, steps, backfill, obstacles } = result;
  const lines = [
    ...result.present.map((object) => `there     ${object}`),
    ...result.differences.map(({ object, detail }) => `differs   ${object} ${detail}`),
    ...obstacles.map(({ object, detail }) => `OBSTACLE  ${object} ${detail}`),
  ];
  if (dryRun && obstacles.length > 0)
    return [...lines, "Nothing can be done before every obstacle is out of the way."].join("\n");
  if (steps.length === 0 && backfill === 0) return [...lines, "Everything is in place."].join("\n");
  for (const { object, sql, locks } of steps)
    lines.push(
      ...(dryRun ? [`missing   ${object}`, `          ${sql}`, `          ${locks}`] : [`made      ${object}`]),
    );
  if (steps.length > 0 && dryRun)
    lines.push(
      result.atomic
        ? "The schema changes are one transaction: all of them are made, or none."
        : "Each schema change commits by itself: what was made stays when a later one fails, and the next call goes on.",
    );
  lines.push(
    dryRun
      ? `${backfill} participants have no attendance status and would be set to unknown, journaled.`
      : `${backfill} participants had no attendance status and are unknown now.`,
  );
  if (runId !== null) lines.push(`Run ${runId}. Take its rows back with: runback rollback ${runId}`);
  return lines.join("\n");
}
