import type { Run } from "@runback/core";
import type { Context } from "../context.ts";

/** A rollback of this run that was interrupted is gone on with, not started twice. */
export async function unfinishedRollback({ engine }: Pick<Context, "engine">, runId: string): Promise<Run | undefined> {
  for (let before: string | undefined; ; ) {
    const page = await engine.store.runs(engine, { limit: 100, ...(before === undefined ? {} : { before }) });
    const found = page.runs.find((run) => run.revertsRunId === runId && isUnfinished(run));
    if (found || page.next === null) return found;
    before = page.next;
  }
}

/** Failures after which the rows are not what was planned for: only a new plan can say what to do. */
const needsNewPlan = ["CHANGED_MEANWHILE", "CONSTRAINT_REFUSED", "ROLLBACK_UNVERIFIED"];

function isUnfinished({ state, error }: Run): boolean {
  if (state === "failed") return error === null || !needsNewPlan.includes(error.code);
  return state === "running" || state === "paused";
}
