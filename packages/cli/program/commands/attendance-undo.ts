import { Command } from "commander";
import type { Session } from "../session.ts";

export function attendanceUndoCommand(session: Session): Command {
  return new Command("undo")
    .description("take a closing back exactly, as `rollback` does; who was marked since stops it")
    .argument("<run-id>", "the closing's run, as `attendance close` prints it")
    .option("--skip-marked", "leave alone who was marked since, and take back the rest")
    .option("--operator <name>", "who takes it back, for the record")
    .action(async (runId: string, { skipMarked = false, operator }: { skipMarked?: boolean; operator?: string }) => {
      const runtime = await session.runtime();
      await runtime.attendance.closingOf(runId);
      const result = await runtime.rollback({
        runId,
        operator: session.operator(operator),
        onConflict: skipMarked ? "skip" : "abort",
      });
      const { edited, missing, referenced, reverted } = result.classes;
      if (result.rollbackRunId === null) session.status = 1;
      session.result(result, () =>
        result.rollbackRunId === null
          ? `Nothing was changed: ${edited + missing + referenced} of ${result.planned} rows were changed since. Look with: runback rollback ${runId} --plan`
          : `${reverted} of ${result.planned} rows are as they were, by run ${result.rollbackRunId}.`,
      );
    });
}
