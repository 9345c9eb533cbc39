import { z } from "@hono/zod-openapi";
import type { Run, StepRow } from "@runback/core";
import { count, instant, runId } from "./schemas.ts";

const named = z.object({ code: z.string(), message: z.string() });

export const runSummarySchema = z
  .object({
    runId,
    kind: z.enum(["import", "rollback", "exec", "snapshot", "restore", "backfill", "cutover", "attendance"]),
    mode: z.enum(["dry", "live"]),
    migration: z.string(),
    operator: z.string(),
    state: z.enum(["running", "paused", "completed", "failed", "aborted"]),
    planDigest: z.string().nullable(),
    revertsRunId: runId.nullable(),
    startedAt: instant,
    completedAt: instant.nullable(),
    steps: count,
    rows: count,
    error: named.nullable(),
    bundle: z.object({ path: z.string(), sha256: z.string() }).nullable(),
  })
  .openapi("RunSummary");

export type RunSummary = z.infer<typeof runSummarySchema>;

export const runSchema = runSummarySchema
  .extend({
    result: z.unknown().openapi({ description: "Result document of the run; the same as the command line prints." }),
    stepList: z.array(
      z.object({ seq: count, name: z.string(), rows: count, durationMs: z.number(), committedAt: instant }),
    ),
    verification: z.object({ id: z.string(), passed: z.boolean(), verifiedAt: instant }).nullable(),
  })
  .openapi("Run");

/** A run as the outside sees it: without the paths of this machine and the checkpoint. */
export function runSummary(run: Run): RunSummary {
  const { runId, kind, mode, migration, operator, state, planDigest, revertsRunId } = run;
  const { startedAt, completedAt, steps, rows, bundle } = run;
  return {
    ...{ runId, kind, mode, migration, operator, state, planDigest, revertsRunId },
    ...{ startedAt, completedAt, steps, rows, bundle, error: publicRunError(run.error) },
  };
}

export function stepView({ seq, name, rows, durationMs, committedAt }: StepRow) {
  return { seq, name, rows, durationMs, committedAt };
}

/** What an unexpected error says can quote rows: it is in the log, not in documents. */
function publicRunError(error: Run["error"]): Run["error"] {
  if (error?.code !== "UNEXPECTED") return error;
  return { code: error.code, message: "It stopped at an unexpected error; the log line with this run id says which." };
}
