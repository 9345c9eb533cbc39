import { createRoute, z } from "@hono/zod-openapi";
import { type Run, RunbackError } from "@runback/core";
import type { Api, ApiParts } from "../api-env.ts";
import { takes } from "../auth/bearer.ts";
import { idempotent } from "../http/idempotency.ts";
import { runSummary, runSummarySchema } from "../http/run-view.ts";
import { cleanText, digest, idempotencyHeader, json, jsonRequest, problems, runId } from "../http/schemas.ts";

const body = z
  .strictObject({
    migration: cleanText(200).optional().openapi({ description: "Default: the first configured one." }),
    source: cleanText(1_000)
      .optional()
      .openapi({ description: "A configured source, or a path below `sourceFolder`. Default: the migration's own." }),
    dryRun: z.boolean().openapi({ description: "True: parse, validate and plan, and write nothing." }),
    plan: digest.optional().openapi({ description: "Plan digest of the dry run: any other plan is refused." }),
  })
  .openapi("StartRun");

const location = { location: { schema: { type: "string" as const }, description: "The run." } };

export function addStartRun(app: Api, parts: ApiParts): void {
  const { runtime, host } = parts;
  const start = createRoute({
    method: "post",
    path: "/v1/runs",
    tags: ["Runs"],
    summary: "Start an import",
    description: "Answers once the run is recorded; follow it at `/v1/runs/{id}/events`.",
    ...takes("operator", idempotent(parts)),
    request: { headers: idempotencyHeader, body: jsonRequest(body) },
    responses: {
      202: { ...json(runSummarySchema, "The run is recorded and being executed."), headers: location },
      ...problems(400, 404, 409, 413, 415),
    },
  });
  app.openapi(start, async (c) => {
    const { source, migration, plan, dryRun } = c.req.valid("json");
    const run = await runtime.startImport({
      operator: c.get("principal").name,
      dryRun,
      ...(migration === undefined ? {} : { migration }),
      ...(source === undefined ? {} : { source: runtime.outsideSource(source) }),
      ...(plan === undefined ? {} : { plan }),
    });
    await host.start({ runId: run.runId, attempt: 1 });
    c.header("location", `/v1/runs/${run.runId}`);
    return c.json(runSummary(run), 202);
  });

  const resume = createRoute({
    method: "post",
    path: "/v1/runs/{id}/resume",
    tags: ["Runs"],
    summary: "Go on with a run that stopped",
    description: "A completed or aborted run is left as it is. Rows that were written are not written again.",
    ...takes("operator", idempotent(parts)),
    request: { headers: idempotencyHeader, params: z.object({ id: runId }) },
    responses: {
      202: { ...json(runSummarySchema, "The run, being executed unless it has ended."), headers: location },
      ...problems(400, 404, 409, 413, 415),
    },
  });
  app.openapi(resume, async (c) => {
    const run = await runtime.run(c.req.valid("param").id);
    if (run.kind === "exec") {
      throw new RunbackError(
        "RUN_NOT_RESUMABLE",
        `Run ${run.runId} is of another program, which nobody here can go on with.`,
        {
          recovery: "Start the program again with `runback exec`, or take back what it wrote.",
          status: 409,
        },
      );
    }
    if (run.state !== "completed" && run.state !== "aborted")
      await host.start({ runId: run.runId, attempt: nextAttempt(run, runtime.context.clock.now()) });
    c.header("location", `/v1/runs/${run.runId}`);
    return c.json(runSummary(run), 202);
  });
}

/**
 * Hosts tell executions apart by run and attempt. Minutes since the start are the same for two requests that come together,
 * and higher for one that comes after the first was seen to fail.
 */
export function nextAttempt(run: Pick<Run, "startedAt">, now: Date): number {
  return 2 + Math.max(0, Math.floor((now.getTime() - Date.parse(run.startedAt)) / 60_000));
}
