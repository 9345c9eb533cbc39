import { Command } from "commander";
import type { Session } from "../session.ts";
import { textTable } from "../text-table.ts";
import { positive } from "./runs.ts";

interface Options {
  readonly event?: string;
  readonly participant?: string;
  readonly limit: number;
  readonly cursor?: string;
}

export function attendanceAuditCommand(session: Session): Command {
  return new Command("audit")
    .description("what changed attendance, newest first")
    .option("--event <id>", "of one event")
    .option("--participant <id>", "of one participant")
    .option("--limit <n>", "entries at most", positive, 50)
    .option("--cursor <cursor>", "`next` of the page before")
    .action(async (options: Options) => {
      const runtime = await session.runtime();
      const page = await runtime.attendance.entries(options);
      session.result(page, () => {
        if (page.entries.length === 0) return "No entries.";
        const table = textTable(
          ["at", "event", "participant", "action", "before", "after", "by", "reason"],
          page.entries.map((each) => [
            ...[each.at, each.event, each.participant, each.action ?? "-", each.previous ?? "-", each.status],
            ...[each.markedBy ?? "-", each.reason ?? "-"],
          ]),
        );
        return page.next === null ? table : `${table}\nMore with: --cursor ${page.next}`;
      });
    });
}
