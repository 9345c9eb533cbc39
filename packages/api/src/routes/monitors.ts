import { createRoute, z } from "@hono/zod-openapi";
import type { Api, ApiParts } from "../api-env.ts";
import { takes } from "../auth/bearer.ts";
import { idempotent } from "../http/idempotency.ts";
import { count, idempotencyHeader, json, problems } from "../http/schemas.ts";

const monitorSchema = z
  .object({
    name: z.string().openapi({ example: "audit-verification" }),
    title: z.string(),
    everyMs: count,
    alert: z
      .object({ id: z.string(), code: z.string(), occurrences: count })
      .nullable()
      .openapi({ description: "The unresolved alert, while it fails." }),
  })
  .openapi("Monitor");

const list = createRoute({
  method: "get",
  path: "/v1/monitors",
  tags: ["Monitors"],
  summary: "Checks on a schedule, and which of them fail",
  ...takes("viewer"),
  responses: { 200: json(z.object({ monitors: z.array(monitorSchema) }), "The monitors."), ...problems() },
});

export function addMonitors(app: Api, parts: ApiParts): void {
  const { runtime } = parts;
  app.openapi(list, async (c) => {
    const monitors = await runtime.monitors.list();
    return c.json(
      {
        monitors: monitors.map(({ name, title, everyMs, alert }) => ({
          ...{ name, title, everyMs },
          alert: alert === null ? null : { id: alert.id, code: alert.code, occurrences: alert.occurrences },
        })),
      },
      200,
    );
  });

  const run = createRoute({
    method: "post",
    path: "/v1/monitors/{name}/runs",
    tags: ["Monitors"],
    summary: "Run a monitor now",
    ...takes("operator", idempotent(parts)),
    request: { headers: idempotencyHeader, params: z.object({ name: z.string().max(80) }) },
    responses: {
      200: json(
        z.object({ name: z.string(), passed: z.literal(true) }),
        "It passed. A failure is answered as a problem.",
      ),
      ...problems(400, 404, 409),
    },
  });
  app.openapi(run, async (c) => {
    const { name } = c.req.valid("param");
    await runtime.monitors.run(name);
    return c.json({ name, passed: true as const }, 200);
  });
}
