import { createRoute, z } from "@hono/zod-openapi";
import type { Api, ApiParts } from "../api-env.ts";
import { takes } from "../auth/bearer.ts";
import { roles } from "../auth/principal.ts";
import { idempotent } from "../http/idempotency.ts";
import { cleanText, idempotencyHeader, instant, json, jsonRequest, madeId, problems } from "../http/schemas.ts";

const role = z.enum(roles as ["viewer", "operator", "approver", "admin"]);

const tokenSchema = z
  .object({ id: madeId("tok"), name: z.string(), role, revokedAt: instant.nullable() })
  .openapi("Token");

const mintedSchema = z
  .object({
    id: madeId("tok"),
    name: z.string(),
    role,
    secret: z
      .string()
      .nullable()
      .openapi({ description: "Shown this once; null when the answer is replayed for an Idempotency-Key." }),
  })
  .openapi("MintedToken");

const list = createRoute({
  method: "get",
  path: "/v1/tokens",
  tags: ["Tokens"],
  summary: "All tokens, without their secrets",
  ...takes("admin"),
  responses: { 200: json(z.object({ tokens: z.array(tokenSchema) }), "The tokens."), ...problems() },
});

export function addTokens(app: Api, parts: ApiParts): void {
  const { runtime } = parts;
  app.openapi(list, async (c) => {
    const tokens = await runtime.tokens();
    return c.json(
      {
        tokens: tokens.map(({ id, name, role, revokedAt }) => ({
          ...{ id, name, role },
          revokedAt: revokedAt === null ? null : new Date(revokedAt).toISOString(),
        })),
      },
      200,
    );
  });

  const create = createRoute({
    method: "post",
    path: "/v1/tokens",
    tags: ["Tokens"],
    summary: "Make a token",
    // The target keeps only hashes of secrets, so a stored answer must not hold one.
    ...takes(
      "admin",
      idempotent(parts, (body) => ({ ...(body as object), secret: null })),
    ),
    request: {
      headers: idempotencyHeader,
      body: jsonRequest(z.strictObject({ name: cleanText(200), role }).openapi("CreateToken")),
    },
    responses: { 201: json(mintedSchema, "The token with its secret."), ...problems(400, 409, 413, 415) },
  });
  app.openapi(create, async (c) => {
    const { name, role } = c.req.valid("json");
    return c.json({ ...(await runtime.mintToken({ name, role, operator: c.get("principal").name })), name, role }, 201);
  });

  const revoke = createRoute({
    method: "delete",
    path: "/v1/tokens/{id}",
    tags: ["Tokens"],
    summary: "Revoke a token, at once",
    ...takes("admin", idempotent(parts)),
    request: { headers: idempotencyHeader, params: z.object({ id: madeId("tok") }) },
    responses: { 200: json(z.object({ id: z.string(), revoked: z.literal(true) }), "Revoked."), ...problems(400, 404) },
  });
  app.openapi(revoke, async (c) => {
    const { id } = c.req.valid("param");
    await runtime.revokeToken(id, c.get("principal").name);
    return c.json({ id, revoked: true as const }, 200);
  });
}
