import { type Connection, type Run, RunbackError } from "@runback/core";
import type { Context } from "../context.ts";

async function unfinished({ engine }: Context, tx: Connection): Promise<Run[]> {
  const found: Run[] = [];
  for (let before: string | undefined; ; ) {
    const page = await engine.store.runs(tx, { limit: 100, ...(before === undefined ? {} : { before }) });
    found.push(...page.runs.filter((run) => ["running", "paused", "failed"].includes(run.state)));
    if (page.next === null) return found;
    before = page.next;
  }
}

/** A run whose process lives would go on writing into what was restored. @throws `LEASE_HELD` */
export async function refuseWhileRunning(context: Context, tx: Connection, ownRunId?: string): Promise<void> {
  const { engine, clock, isDead } = context;
  for (const run of await unfinished(context, tx)) {
    if (run.runId === ownRunId) continue;
    const lease = run.state === "running" ? await engine.store.lease(tx, `migration:${run.migration}`) : undefined;
    const alive =
      lease?.runId === run.runId && Date.parse(lease.expiresAt) > clock.now().getTime() && !isDead(lease.holder);
    if (!alive) continue;
    throw new RunbackError("LEASE_HELD", `Run ${run.runId} is writing to this target.`, {
      recovery: `Nothing was changed. Wait for it, or stop it (\`runback runs show ${run.runId}\`), then restore.`,
      status: 409,
      details: { runId: run.runId },
    });
  }
}

/** Unfinished runs cannot go on: their rows are not there any more. Returns their ids. */
export async function abortUnfinished(context: Context, tx: Connection, restoreRunId: string): Promise<string[]> {
  const { engine } = context;
  const aborted: string[] = [];
  for (const run of await unfinished(context, tx)) {
    if (run.runId === restoreRunId) continue;
    await engine.store.updateRun(tx, run.runId, {
      state: "aborted",
      error: { code: "RESTORED", message: `the target was restored by ${restoreRunId}` },
    });
    aborted.push(run.runId);
  }
  return aborted;
}
