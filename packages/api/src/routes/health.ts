import { createRoute, z } from "@hono/zod-openapi";
import type { Health } from "@runback/runtime";
import type { Api, ApiParts } from "../api-env.ts";
import { json } from "../http/schemas.ts";

const dependency = z.object({ ok: z.boolean(), ms: z.number(), code: z.string().nullable() });

const schema = z
  .object({
    status: z.enum(["ok", "failing"]),
    dependencies: z.object({ target: dependency, ownTables: dependency, vault: dependency }),
  })
  .openapi("Health");

const route = createRoute({
  method: "get",
  path: "/v1/health",
  tags: ["Health"],
  security: [],
  summary: "Whether the target, Runback's own tables and the vault answer",
  description: "503 names the dependency that fails by a stable code.",
  responses: { 200: json(schema, "All answer."), 503: json(schema, "At least one does not.") },
});

/** Anybody may ask, so questions within this time share one answer. */
const sharedMs = 1_000;

export function addHealth(app: Api, { runtime }: ApiParts): void {
  const { clock } = runtime.context;
  let last: { readonly at: number; readonly health: Promise<Health> } | undefined;
  app.openapi(route, async (c) => {
    const now = clock.now().getTime();
    if (last === undefined || now - last.at >= sharedMs) last = { at: now, health: runtime.health() };
    const { ok, dependencies } = await last.health;
    return c.json({ status: ok ? ("ok" as const) : ("failing" as const), dependencies }, ok ? 200 : 503);
  });
}
