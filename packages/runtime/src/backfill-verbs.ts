import type { ColumnCutover, Run } from "@runback/core";
import * as operations from "@runback/operations";
import { mainTrail } from "./audit-trails.ts";
import type { RunbackConfig } from "./config.ts";

export interface BackfillRequest {
  readonly operator: string;
  readonly runbookCompat?: boolean;
  readonly stepMs?: number;
}

/** Backfills of the configured cutovers of one target, wired. Every verb throws `CUTOVER_UNKNOWN` for a name that none has. */
export interface BackfillVerbs {
  /** What one would do, with nothing written. */
  plan(name: string, request?: Omit<BackfillRequest, "operator">): Promise<operations.BackfillPlan>;
  run(name: string, request: BackfillRequest): Promise<operations.BackfillResult>;
  resume(name: string, runId: string): Promise<operations.BackfillResult>;
  /** Records it without filling anything: `Runtime.advance` does. */
  start(name: string, request: BackfillRequest): Promise<Run>;
  /** Commits steps of a run that was recorded, until the budget is spent. */
  advance(run: Run, budgetMs: number): Promise<boolean>;
}

export function backfillVerbs(
  context: operations.Context,
  config: RunbackConfig,
  cutoverOf: (name: string) => ColumnCutover,
): BackfillVerbs {
  const auditTable = mainTrail(config);
  const options = (name: string, { runbookCompat = false, ...request }: BackfillRequest) => ({
    ...{ cutover: cutoverOf(name), auditTable, runbookCompat },
    ...request,
  });
  return {
    plan: (name, request = {}) => operations.planBackfill(context, options(name, { operator: "", ...request })),
    run: async (name, request) => await operations.runBackfill(context, options(name, request)),
    resume: async (name, runId) => await operations.resumeBackfill(context, cutoverOf(name), runId),
    start: async (name, request) => await operations.startBackfill(context, options(name, request)),
    advance: async (run, budgetMs) =>
      await operations.advanceBackfill(context, cutoverOf(run.migration), run.runId, budgetMs),
  };
}
