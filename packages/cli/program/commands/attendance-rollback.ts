import type { AttendanceRemoval } from "@runback/operations";
import { Command } from "commander";
import type { Session } from "../session.ts";

export function attendanceRollbackCommand(session: Session): Command {
  return new Command("rollback")
    .description("export the attendance audit to the vault, then remove triggers, table, index and columns")
    .option("--plan", "show what would go, and the digest that an approval signs; change nothing")
    .option("--approval <id>", "approval of a second person over the plan's digest; needed without --plan")
    .option("--operator <name>", "who runs it, for the record")
    .action(async (options: { plan?: boolean; approval?: string; operator?: string }) => {
      const { attendance } = await session.runtime();
      const result = options.plan
        ? await attendance.planRemoval()
        : await attendance.remove({
            operator: session.operator(options.operator),
            ...(options.approval === undefined ? {} : { approval: options.approval }),
          });
      session.result(result, () => removalText(result, options.plan === true));
    });
}

function removalText(result: AttendanceRemoval, planned: boolean): string {
  if (result.removes.length === 0) return "Nothing of the attendance migration is on this target.";
  const lines = result.removes.map((object) => `${planned ? "goes" : "gone"}      ${object}`);
  if (planned)
    return [
      ...lines,
      `${result.auditRows} audit rows are exported to the vault first and read back; the attendance of ${result.known} participants is forgotten.`,
      result.atomic
        ? "All of it is one transaction: everything goes, or nothing."
        : "Each removal commits by itself: the next call goes on with one that was interrupted.",
      `Have a second person approve the digest: ${result.digest}`,
    ].join("\n");
  if (result.export !== null)
    lines.push(`Exported ${result.export.rows} audit rows to ${result.export.key}`, `SHA-256 ${result.export.sha256}`);
  if ((result.auditProblems ?? 0) > 0)
    lines.push(`${result.auditProblems} findings of the scan before it: not everything is as it was anchored.`);
  return [...lines, `Run ${result.runId}. What was there before is in snapshot ${result.snapshotId}`].join("\n");
}
