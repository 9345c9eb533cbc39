import type { workflow } from "sst/aws/workflow";

/** What the runtime says after it advanced a run. */
export interface Progress {
  readonly done: boolean;
  /** `running`: there is more to do now. Anything else waits for someone: an approval, a resume. */
  readonly state: string;
}

/** For the step under way to reach its boundary and for the checkpoint to be written before Lambda ends the function. */
const MARGIN_MS = 60_000;
const LONGEST_WAIT_MINUTES = 15;
const ATTEMPTS = 5;

/**
 * Advances a run until it is done. Every advance is one durable step in an invocation of its own, since a wait of one second
 * already ends the invocation: each has Lambda's full time as its budget, and none is cut off by the one before. While the
 * run waits for somebody it is asked again after 1, 2, 4, 8 and then every 15 minutes. 14 days, the most an execution
 * lasts, hold about 1,400 steps and as many waits, below the 3,000 operations an execution may have.
 *
 * @throws Error when the run failed, which fails the execution and raises its alarm
 */
export async function advanceUntilDone(
  context: Pick<workflow.Context, "step" | "wait" | "lambdaContext">,
  advance: (budgetMs: number) => Promise<Progress>,
): Promise<Progress> {
  let idle = 0;
  for (let step = 1; ; step += 1) {
    const progress = await context.step(
      `advance-${step}`,
      () => advance(context.lambdaContext.getRemainingTimeInMillis() - MARGIN_MS),
      { retryStrategy },
    );
    if (progress.done && progress.state === "failed") throw new Error("The run failed: `runback runs show` says why");
    if (progress.done) return progress;
    idle = progress.state === "running" ? 0 : idle + 1;
    await context.wait(`wait-${step}`, idle === 0 ? { seconds: 1 } : { minutes: waitMinutes(idle) });
  }
}

function waitMinutes(idle: number): number {
  return Math.min(2 ** (idle - 1), LONGEST_WAIT_MINUTES);
}

/** 15 s, 30 s, 1 min, 2 min: longer than a lease that a killed function left behind, or a database that fails over. */
function retryStrategy(_error: Error, attempt: number) {
  return { shouldRetry: attempt < ATTEMPTS, delay: { seconds: 15 * 2 ** (attempt - 1) } };
}
