import { RunbackError } from "@runback/core";
import { Command } from "commander";
import type { Session } from "../session.ts";

export function attendanceScanCommand(session: Session): Command {
  return new Command("scan")
    .description("compare the attendance audit with what it held when it was last found whole")
    .option("--baseline", "take what is there now as what is right; needs --reason")
    .option("--reason <text>", "why a baseline is taken, for the record")
    .option("--operator <name>", "who runs it, for the record")
    .action(async (options: { baseline?: boolean; reason?: string; operator?: string }) => {
      const { attendance } = await session.runtime();
      const reason = options.reason?.trim() ?? "";
      if (options.baseline === true && reason === "") {
        throw new RunbackError("USAGE", "--baseline needs --reason.", {
          recovery: "Say why what is there now is right: it goes on record.",
        });
      }
      const scan = await attendance.scanAudit(
        options.baseline ? { reason, operator: session.operator(options.operator) } : undefined,
      );
      session.result(scan, () =>
        scan.watched
          ? [
              scan.since === null
                ? `${scan.rows} rows, nothing to compare with before now`
                : `${scan.rows} rows: everything that was anchored ${scan.since} is there, unchanged`,
              scan.anchored === null ? "Nothing new to anchor." : `Anchored: ${scan.anchored}`,
            ].join("\n")
          : "There is no attendance audit on this target.",
      );
    });
}
