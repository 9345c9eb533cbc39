import type { ClosingResult } from "@runback/operations";
import { Command } from "commander";
import type { Session } from "../session.ts";

export function attendanceCloseCommand(session: Session): Command {
  return new Command("close")
    .description("close an event that is over: who was not seen is absent, who was attended")
    .argument("<event>", "its id")
    .option("--operator <name>", "who closes it, for the record")
    .action(async (event: string, { operator }: { operator?: string }) => {
      const runtime = await session.runtime();
      const result = await runtime.attendance.close({ event, operator: session.operator(operator) });
      session.result(result, () => closedText(result));
    });
}

function closedText({ event, runId, completed, finalized, summary }: ClosingResult): string {
  if (runId === null) return `Event ${event} is closed: nothing is left to do.`;
  const { flagged, scanned, skipped } = summary;
  return [
    `Event ${event}: ${flagged} of ${scanned} marked absent, ${finalized} attended${completed ? ", completed" : ""}.`,
    `Left alone: ${skipped.already_absent} absent already, ${skipped.other} seen or marked otherwise, ${skipped.dedupe} marked meanwhile.`,
    `Take it back with: runback attendance undo ${runId}`,
  ].join("\n");
}
