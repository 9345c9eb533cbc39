import { createRoute, z } from "@hono/zod-openapi";
import type { Alert } from "@runback/core";
import type { Api, ApiParts } from "../api-env.ts";
import { takes } from "../auth/bearer.ts";
import { idempotent } from "../http/idempotency.ts";
import { count, idempotencyHeader, instant, json, madeId, problems } from "../http/schemas.ts";

const alertSchema = z
  .object({
    id: madeId("alert"),
    check: z.string().openapi({ example: "verification:wild-apricot" }),
    target: z.string(),
    state: z.enum(["open", "acknowledged", "resolved"]),
    severity: z.enum(["critical", "error", "warning"]),
    title: z.string(),
    code: z.string(),
    reasons: z.array(z.string()),
    runId: z.string().optional(),
    occurrences: count,
    openedAt: instant,
    lastAt: instant,
    acknowledgedBy: z.string().nullable(),
    acknowledgedAt: instant.nullable(),
    resolvedAt: instant.nullable(),
  })
  .openapi("Alert");

const spelled = (alert: Alert) => ({ ...alert, reasons: [...alert.reasons] });

const list = createRoute({
  method: "get",
  path: "/v1/alerts",
  tags: ["Alerts"],
  summary: "Alerts, newest first",
  ...takes("viewer"),
  request: {
    query: z.object({
      all: z.enum(["true", "false"]).optional().openapi({ description: "Resolved ones too." }),
      limit: z.coerce.number().int().min(1).max(1_000).optional(),
    }),
  },
  responses: {
    200: json(
      z.object({
        alerts: z.array(alertSchema),
        dead: z
          .array(z.object({ receiver: z.string(), deliveries: count }))
          .openapi({ description: "Deliveries that were given up after a day, by receiver." }),
      }),
      "The alerts.",
    ),
    ...problems(400),
  },
});

export function addAlerts(app: Api, parts: ApiParts): void {
  const { runtime } = parts;
  app.openapi(list, async (c) => {
    const { all, limit } = c.req.valid("query");
    const found = await runtime.alerts.list({ all: all === "true", ...(limit === undefined ? {} : { limit }) });
    return c.json({ alerts: found.alerts.map(spelled), dead: found.dead.map((each) => ({ ...each })) }, 200);
  });

  const acknowledge = createRoute({
    method: "post",
    path: "/v1/alerts/{id}/acknowledge",
    tags: ["Alerts"],
    summary: "Say that somebody is on it",
    ...takes("operator", idempotent(parts)),
    request: { headers: idempotencyHeader, params: z.object({ id: madeId("alert") }) },
    responses: { 200: json(alertSchema, "Acknowledged, by the token's name."), ...problems(400, 404, 409) },
  });
  app.openapi(acknowledge, async (c) =>
    c.json(spelled(await runtime.alerts.acknowledge(c.req.valid("param").id, c.get("principal").name)), 200),
  );
}
