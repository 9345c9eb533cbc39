import { createRoute, z } from "@hono/zod-openapi";
import { stages } from "@runback/core";
import type { CutoverMetrics } from "@runback/operations";
import type { Api, ApiParts } from "../api-env.ts";
import { takes } from "../auth/bearer.ts";
import { idempotent } from "../http/idempotency.ts";
import { cleanText, count, idempotencyHeader, instant, json, jsonRequest, problems } from "../http/schemas.ts";

const stage = z.enum(stages);
const operation = z.enum(["read", "write"]);
const reported = count.max(1_000_000_000);
const reportedMs = z.number().min(0).max(1_000_000_000_000);

const counted = {
  calls: reported.openapi({ description: "Of the side that does not decide." }),
  failed: reported,
  timeouts: reported,
  equal: reported,
  different: reported,
  unknown: reported.openapi({ description: "The comparison itself failed." }),
  dropped: reported.openapi({ description: "Observations that were lost before they could be reported." }),
};

const report = z
  .strictObject({
    counts: z
      .array(
        z.strictObject({
          ...{ stage, operation },
          since: z
            .string()
            .regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/, "must be an instant in UTC with milliseconds")
            .nullable()
            .openapi({ description: "`metadata.since` of the flag; null where it is not known.", format: "date-time" }),
          ...counted,
          totalMs: reportedMs.openapi({ description: "Of all calls together." }),
          maxMs: reportedMs.openapi({ description: "Of the slowest." }),
        }),
      )
      .min(1)
      .max(100),
  })
  .openapi("ReportMetrics");

const sums = {
  ...{ calls: count, failed: count, timeouts: count },
  ...{ compared: count, equal: count, different: count, unknown: count, dropped: count },
  ...{ meanMs: z.number().nullable(), maxMs: z.number().nullable() },
};

export const metricsSchema = z
  .object({
    cutover: z.string(),
    window: z
      .object({ from: instant, to: instant })
      .openapi({ description: "The last 24 hours, in whole ones: `from` is the start of the oldest." }),
    total: z.object(sums),
    stages: z.array(z.object({ stage, operation, reporter: z.string(), lastAt: instant, ...sums })),
    phase: z
      .object({ since: instant, ...sums })
      .nullable()
      .openapi({ description: "Reads compared since the phase began, or since comparing was turned on in it." }),
  })
  .openapi("CutoverMetrics");

const params = z.object({ name: cleanText(80) });

export function addCutoverMetrics(app: Api, parts: ApiParts): void {
  const { cutovers } = parts.runtime;
  const about = { path: "/v1/cutovers/{name}/metrics", tags: ["Cutovers"] };
  const show = createRoute({
    ...{ method: "get", summary: "What applications reported of their writes and shadow reads" },
    ...about,
    ...takes("viewer"),
    request: { params },
    responses: { 200: json(metricsSchema, "Sums of the last 24 hours and of the phase."), ...problems(400, 404) },
  });
  app.openapi(show, async (c) => c.json(metricsView(await cutovers.metrics(c.req.valid("param").name)), 200));

  // A viewer's: it is the token that applications read flags with. Whose reports open a gate, its definition names.
  const add = createRoute({
    ...{ method: "post", summary: "Report counts of writes and shadow reads" },
    ...about,
    description: "Counts are added up. With an `Idempotency-Key` a report counts once, however often it is sent.",
    ...takes("viewer", idempotent(parts)),
    request: { headers: idempotencyHeader, params, body: jsonRequest(report) },
    responses: {
      200: json(z.object({ cutover: z.string(), counted: z.boolean() }), "Counted now, or before."),
      ...problems(400, 404, 409, 413, 415, 422),
    },
  });
  app.openapi(add, async (c) => {
    const { counts } = c.req.valid("json");
    const recorded = await cutovers.recordMetrics(c.req.valid("param").name, {
      ...{ reporter: c.get("principal").name, counts, id: c.get("idempotencyKey") ?? null },
    });
    return c.json(recorded, 200);
  });
}

export const metricsView = ({ cutover, window, total, stages, phase }: CutoverMetrics) => ({
  ...{ cutover, window: { ...window }, total: { ...total }, stages: [...stages] },
  phase: phase === null ? null : { ...phase },
});
