import { createRoute, z } from "@hono/zod-openapi";
import type { FreezeResult } from "@runback/operations";
import type { Api, ApiParts } from "../api-env.ts";
import { takes } from "../auth/bearer.ts";
import { cleanText, instant, json, jsonRequest, problems } from "../http/schemas.ts";

const state = z
  .object({
    frozen: z.boolean(),
    reason: z.string().nullable(),
    operator: z.string().nullable(),
    since: instant.nullable(),
    tables: z.array(z.string()).openapi({ description: "Tables that refuse writes." }),
    open: z.array(z.string()).openapi({ description: "Tables that were made since, and do not." }),
  })
  .openapi("Freeze");

const view = (result: FreezeResult) => ({ ...result, tables: [...result.tables], open: [...result.open] });

/** PUT and DELETE are idempotent as they are: done again they find it done. */
export function addFreeze(app: Api, { runtime }: ApiParts): void {
  const show = createRoute({
    method: "get",
    path: "/v1/freeze",
    tags: ["Freeze"],
    summary: "Whether a write freeze is on, since when and why",
    ...takes("viewer"),
    responses: { 200: json(state, "The freeze."), ...problems() },
  });
  app.openapi(show, async (c) => c.json(view(await runtime.freezeState()), 200));

  const on = createRoute({
    method: "put",
    path: "/v1/freeze",
    tags: ["Freeze"],
    summary: "Keep everybody from writing to tables of users",
    description: "Waits up to ten seconds a table for writers that are under way. Rollbacks and restores still write.",
    ...takes("operator"),
    request: { body: jsonRequest(z.strictObject({ reason: cleanText(200) }).openapi("FreezeOn")) },
    responses: { 200: json(state, "It is on."), ...problems(400, 409, 413, 415) },
  });
  app.openapi(on, async (c) => {
    const { reason } = c.req.valid("json");
    return c.json(view(await runtime.freezeOn({ reason, operator: c.get("principal").name })), 200);
  });

  const off = createRoute({
    method: "delete",
    path: "/v1/freeze",
    tags: ["Freeze"],
    summary: "Lift the write freeze",
    ...takes("operator"),
    responses: { 200: json(state, "None is on."), ...problems(409) },
  });
  app.openapi(off, async (c) => c.json(view(await runtime.freezeOff({ operator: c.get("principal").name })), 200));
}
