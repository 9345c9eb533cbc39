import { RunbackError } from "@runback/core";
import type { Context } from "../context.ts";

export interface Advanced {
  readonly done: boolean;
  readonly state: string;
}

/**
 * The only way anything executes: commits steps until the budget is spent, the run is done, or somebody asked it to stop.
 * Whoever hosts it (command line, schedule, workflow) calls again until `done`.
 *
 * @param step commits one bounded transaction with its checkpoint; true when the run is done
 */
export async function advanceSteps(
  { clock, signal }: Pick<Context, "clock" | "signal">,
  step: () => Promise<boolean>,
  budgetMs: number,
): Promise<boolean> {
  const end = clock.now().getTime() + budgetMs;
  do {
    if (signal?.aborted) return false;
    if (await step()) return true;
  } while (clock.now().getTime() < end);
  return false;
}

/** What Ctrl-C becomes: everything up to here is committed, and how to go on. */
export function stopped(runId: string, how: string): RunbackError {
  return new RunbackError("STOPPED", `Stopped at a step boundary of ${runId}. Committed steps are kept.`, {
    recovery: `Go on with \`${how}\`, or take back what was written with \`runback rollback ${runId}\`.`,
  });
}

/** Rows a step should have to take about half a second, from how the last one went: grows gently, shrinks at once. */
export function nextStepRows(rows: number, tookMs: number): number {
  const ideal = (rows * 500) / Math.max(tookMs, 1);
  return Math.round(Math.min(Math.max(ideal < rows ? ideal : Math.min(ideal, rows * 2), 500), 50_000));
}
