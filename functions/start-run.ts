import { RunbackError } from "@runback/core";
import { workflow } from "sst/aws/workflow";
import { linked } from "./linked.ts";

/**
 * Starts the workflow that carries a run to its end and returns at once.
 *
 * @param run.attempt 1, and one more each time the run is resumed: executions are found by name for 30 days after they
 *   ended, so a second one with the same name would not start. Two requests for the same attempt start it once.
 * @throws RunbackError `RUN_NOT_STARTED` (503) when Lambda does not take it; the run stays as it is, and can be resumed
 */
export async function startRun(run: { readonly runId: string; readonly attempt: number }): Promise<void> {
  try {
    await workflow.start(linked.Runs, { name: `${run.runId}-${run.attempt}`, payload: { runId: run.runId } });
  } catch (cause) {
    const status = cause instanceof workflow.StartError ? ` (status ${cause.response.status})` : "";
    throw new RunbackError("RUN_NOT_STARTED", `Lambda did not take run ${run.runId}${status}`, {
      status: 503,
      recovery: "Nothing of this run was executed. Resume it; if it is refused again, look at the alarms of the stack.",
      cause,
    });
  }
}
