import { createRoute, z } from "@hono/zod-openapi";
import type { Api, ApiParts } from "../api-env.ts";
import { takes } from "../auth/bearer.ts";
import { runSchema, runSummary, runSummarySchema, stepView } from "../http/run-view.ts";
import { json, pageQuery, problems, runId } from "../http/schemas.ts";

const list = createRoute({
  method: "get",
  path: "/v1/runs",
  tags: ["Runs"],
  summary: "Runs, newest first",
  ...takes("viewer"),
  request: { query: pageQuery(runId) },
  responses: {
    200: json(
      z.object({ runs: z.array(runSummarySchema), next: runId.nullable() }).openapi("RunPage"),
      "`next` is the cursor of the following page, null on the last.",
    ),
    ...problems(400),
  },
});

const one = createRoute({
  method: "get",
  path: "/v1/runs/{id}",
  tags: ["Runs"],
  summary: "One run with its steps, result and latest verification",
  ...takes("viewer"),
  request: { params: z.object({ id: runId }) },
  responses: { 200: json(runSchema, "The run."), ...problems(400, 404) },
});

export function addRuns(app: Api, { runtime }: ApiParts): void {
  app.openapi(list, async (c) => {
    const { limit, cursor } = c.req.valid("query");
    const page = await runtime.runs({ limit, ...(cursor === undefined ? {} : { before: cursor }) });
    return c.json({ runs: page.runs.map(runSummary), next: page.next }, 200);
  });
  app.openapi(one, async (c) => {
    const { id } = c.req.valid("param");
    const [run, latest] = await Promise.all([runtime.run(id), runtime.latestVerification(id)]);
    const verification = latest && {
      id: latest.id,
      passed: latest.report.passed,
      verifiedAt: latest.report.verifiedAt,
    };
    return c.json(
      { ...runSummary(run), result: run.result ?? null, stepList: run.stepList.map(stepView), verification },
      200,
    );
  });
}
