import { qualifiedName, type Run, type Table } from "@runback/core";
import type { Context } from "../context.ts";
import type { BackfillInput } from "./backfill-options.ts";

/** What a backfill may take, and how that is known. */
export interface BackfillEstimate {
  /** Null where nothing on this target tells. */
  readonly estimatedSteps: number | null;
  /** Milliseconds of its steps, without what it waits for others; null where nothing tells. */
  readonly estimatedMs: number | null;
  /** What it is estimated from, or why it is not. */
  readonly estimatedFrom: string;
}

/** Of fewer rows the first windows, which only feel their way, are most. */
const rowsAtLeast = 1_000;
const runsLookedAt = 1_000;

/**
 * From the pace of the newest backfill of this cutover that filled enough rows to tell. What a step writes, with its images,
 * its indexes and its commit, depends on machine and table: no constant knows it, and reading a sample does not either.
 */
export async function estimateBackfill(
  context: Pick<Context, "engine">,
  { table, migration, toFill, stepMs }: { table: Table; migration: string; toFill: number; stepMs: number },
): Promise<BackfillEstimate> {
  if (toFill === 0) return { estimatedSteps: 0, estimatedMs: 0, estimatedFrom: "there is nothing to fill" };
  const run = await earlierRun(context, migration);
  if (run === undefined) {
    const estimatedFrom = `not known: no backfill of ${rowsAtLeast} rows or more was run on ${qualifiedName(table)} yet`;
    return { estimatedSteps: null, estimatedMs: null, estimatedFrom };
  }
  const steps = await context.engine.store.steps(context.engine, run.runId);
  const rows = steps.reduce((sum, step) => sum + step.rows, 0);
  const ms = steps.reduce((sum, step) => sum + step.durationMs, 0);
  const longer = stepMs / (run.input as BackfillInput).stepMs;
  return {
    estimatedSteps: Math.ceil(toFill / ((rows / steps.length) * longer)),
    estimatedMs: Math.ceil((toFill * ms) / rows),
    estimatedFrom: `run ${run.runId}: ${rows} rows in ${steps.length} steps, ${ms} ms`,
  };
}

async function earlierRun({ engine }: Pick<Context, "engine">, migration: string): Promise<Run | undefined> {
  let before: string | undefined;
  for (let seen = 0; seen < runsLookedAt; seen += 100) {
    const page = await engine.store.runs(engine, { limit: 100, ...(before === undefined ? {} : { before }) });
    const found = page.runs.find(
      (run) =>
        run.kind === "backfill" &&
        run.migration === migration &&
        run.rows >= rowsAtLeast &&
        typeof (run.input as Partial<BackfillInput> | null)?.stepMs === "number",
    );
    if (found !== undefined || page.next === null) return found;
    before = page.next;
  }
  return undefined;
}
