import { Command } from "commander";
import type { Session } from "../session.ts";
import { textTable } from "../text-table.ts";

export function attendanceReportCommand(session: Session): Command {
  return new Command("report")
    .description("who came to an event, in numbers")
    .argument("<event>", "its id")
    .action(async (event: string) => {
      const runtime = await session.runtime();
      const report = await runtime.attendance.report(event);
      session.result(report, () =>
        [
          `Event ${report.event} (${report.status}): ${report.expected} expected`,
          textTable(
            ["attendance", "people"],
            Object.entries(report.counts).map(([word, n]) => [word, String(n)]),
          ),
          `attendance rate ${percent(report.attendanceRate)}, no-show rate ${percent(report.noShowRate)}`,
        ].join("\n"),
      );
    });
}

const percent = (rate: number | null) => (rate === null ? "unknown" : `${Math.round(rate * 1_000) / 10} %`);
