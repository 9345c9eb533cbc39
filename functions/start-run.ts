import { workflow } from "sst/aws/workflow";
import { linked } from "./linked.ts";

/**
 * Starts the workflow that carries a run to its end and returns at once.
 *
 * @param attempt 1, and one more each time the run is resumed: executions are found by name for 30 days after they ended,
 *   so a second one with the same name would not start. Two requests for the same attempt start it once.
 */
export async function startRun(run: { readonly runId: string; readonly attempt: number }): Promise<void> {
  await workflow.start(linked.Runs, { name: `${run.runId}-${run.attempt}`, payload: { runId: run.runId } });
}
