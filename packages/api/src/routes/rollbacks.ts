import { createRoute, z } from "@hono/zod-openapi";
import { RunbackError, undoClasses } from "@runback/core";
import type { Api, ApiParts } from "../api-env.ts";
import { takes } from "../auth/bearer.ts";
import { idempotent } from "../http/idempotency.ts";
import { runSummary, runSummarySchema } from "../http/run-view.ts";
import { count, digest, idempotencyHeader, json, jsonRequest, madeId, problems, runId } from "../http/schemas.ts";
import { nextAttempt } from "./start-run.ts";

const onConflict = z.enum(["abort", "skip", "force"]).openapi({
  description:
    "`abort`: any conflict refuses the whole rollback. `skip`: conflicts are left as they are. `force`: newer edits are overwritten, which needs an approval.",
});

const classes = z.object(Object.fromEntries(undoClasses.map((name) => [name, count])) as Record<string, typeof count>);

const planSchema = z
  .object({
    runId,
    rollbackRunId: runId.nullable(),
    planned: count.openapi({ description: "Rows of the run; the classes sum to it." }),
    classes,
    tables: z.record(z.string(), classes),
    conflicts: z.array(
      z.object({ table: z.string(), key: z.array(z.string()), class: z.string(), detail: z.string() }),
    ),
    durationMs: z.number(),
    planDigest: digest.openapi({ description: "Covers every row, its class and the conflict policy." }),
    replay: z.string().nullable(),
  })
  .openapi("RollbackPlan");

export function addRollbacks(app: Api, parts: ApiParts): void {
  const { runtime, host } = parts;
  const plan = createRoute({
    method: "post",
    path: "/v1/runs/{id}/rollback-plan",
    tags: ["Rollbacks"],
    summary: "What taking back a run would do, row by row, with nothing written",
    ...takes("operator"),
    request: {
      params: z.object({ id: runId }),
      body: {
        content: { "application/json": { schema: z.strictObject({ onConflict: onConflict.default("abort") }) } },
      },
    },
    responses: { 200: json(planSchema, "The plan."), ...problems(400, 404, 409, 413, 415) },
  });
  app.openapi(plan, async (c) => {
    const policy = c.get("bodyText") === "" ? "abort" : c.req.valid("json").onConflict;
    const {
      verified: _verified,
      bundle: _bundle,
      ...planned
    } = await runtime.planRollback(c.req.valid("param").id, policy);
    return c.json({ ...planned, conflicts: planned.conflicts.map((each) => ({ ...each, key: [...each.key] })) }, 200);
  });

  const start = createRoute({
    method: "post",
    path: "/v1/rollbacks",
    tags: ["Rollbacks"],
    summary: "Take back exactly one run, by the plan that was seen",
    ...takes("operator", idempotent(parts)),
    request: {
      headers: idempotencyHeader,
      body: jsonRequest(
        z
          .strictObject({
            runId,
            planDigest: digest,
            onConflict: onConflict.default("abort"),
            approval: madeId("apr").optional().openapi({ description: "For `force`: a second person's approval." }),
          })
          .openapi("StartRollback"),
      ),
    },
    responses: {
      202: json(runSummarySchema, "The rollback is a run of its own, being executed."),
      ...problems(400, 404, 409, 413, 415),
    },
  });
  app.openapi(start, async (c) => {
    const { runId, planDigest, onConflict, approval } = c.req.valid("json");
    const { rollbackRunId, result } = await runtime.startRollback({
      runId,
      planDigest,
      onConflict,
      operator: c.get("principal").name,
      ...(approval === undefined ? {} : { approval }),
    });
    if (result) {
      throw new RunbackError("ROLLBACK_CONFLICTS", "Rows of the run were changed since, deleted, or are referenced.", {
        recovery:
          "Nothing was written. Plan again with onConflict skip to take back the rest, or with force and the approval of a second person.",
        exit: 1,
        status: 409,
        details: { classes: result.classes, tables: result.tables, conflicts: result.conflicts.slice(0, 100) },
      });
    }
    const run = await runtime.run(rollbackRunId);
    // An interrupted rollback is gone on with: then it is not the first attempt.
    await host.start({ runId: rollbackRunId, attempt: nextAttempt(run, runtime.context.clock.now()) - 1 });
    c.header("location", `/v1/runs/${rollbackRunId}`);
    return c.json(runSummary(run), 202);
  });
}
