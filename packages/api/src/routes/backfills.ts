import { createRoute, z } from "@hono/zod-openapi";
import type { Api, ApiParts } from "../api-env.ts";
import { takes } from "../auth/bearer.ts";
import { idempotent } from "../http/idempotency.ts";
import { runSummary, runSummarySchema } from "../http/run-view.ts";
import { cleanText, idempotencyHeader, json, jsonRequest, problems } from "../http/schemas.ts";

const body = z
  .strictObject({
    runbookCompat: z.boolean().optional().openapi({ description: "Map by the runbook's own CASE, to the letter." }),
    stepMs: z.int().min(20).max(10_000).optional().openapi({ description: "Milliseconds a step may take; 250." }),
  })
  .openapi("StartBackfill");

export function addBackfills(app: Api, parts: ApiParts): void {
  const { runtime, host } = parts;
  const start = createRoute({
    method: "post",
    path: "/v1/cutovers/{name}/backfill",
    tags: ["Cutovers"],
    summary: "Fill the new column of a cutover",
    description:
      "Answers once the run is recorded; follow it at `/v1/runs/{id}/events`. It can be resumed and taken back as any run.",
    ...takes("operator", idempotent(parts)),
    request: { headers: idempotencyHeader, params: z.object({ name: cleanText(80) }), body: jsonRequest(body) },
    responses: {
      202: {
        ...json(runSummarySchema, "The run is recorded and being executed."),
        headers: { location: { schema: { type: "string" as const }, description: "The run." } },
      },
      ...problems(400, 404, 409, 413, 415),
    },
  });
  app.openapi(start, async (c) => {
    const { runbookCompat, stepMs } = c.req.valid("json");
    const run = await runtime.backfills.start(c.req.valid("param").name, {
      operator: c.get("principal").name,
      ...(runbookCompat === undefined ? {} : { runbookCompat }),
      ...(stepMs === undefined ? {} : { stepMs }),
    });
    await host.start({ runId: run.runId, attempt: 1 });
    c.header("location", `/v1/runs/${run.runId}`);
    return c.json(runSummary(run), 202);
  });
}
