import { createRoute, z } from "@hono/zod-openapi";
import type { Api, ApiParts } from "../api-env.ts";
import { takes } from "../auth/bearer.ts";
import { idempotent } from "../http/idempotency.ts";
import { cleanText, digest, idempotencyHeader, instant, json, jsonRequest, madeId, problems } from "../http/schemas.ts";

const approvalSchema = z
  .object({
    id: madeId("apr"),
    digest,
    action: z.string(),
    requestedBy: z.string(),
    approvedBy: z
      .string()
      .openapi({ description: "The token's name; never the one who asked, nor the one who uses it." }),
    approvedAt: instant,
    expiresAt: instant,
  })
  .openapi("Approval");

const one = createRoute({
  method: "get",
  path: "/v1/approvals/{id}",
  tags: ["Approvals"],
  summary: "One approval",
  ...takes("viewer"),
  request: { params: z.object({ id: madeId("apr") }) },
  responses: { 200: json(approvalSchema, "The approval."), ...problems(400, 404) },
});

export function addApprovals(app: Api, parts: ApiParts): void {
  const { runtime } = parts;
  const create = createRoute({
    method: "post",
    path: "/v1/approvals",
    tags: ["Approvals"],
    summary: "Sign a digest as the second person",
    ...takes("approver", idempotent(parts)),
    request: {
      headers: idempotencyHeader,
      body: jsonRequest(
        z
          .strictObject({
            digest,
            action: cleanText(200).openapi({ example: "rollback" }),
            requestedBy: cleanText(200).openapi({ description: "Name of the operator who asked." }),
          })
          .openapi("CreateApproval"),
      ),
    },
    responses: { 201: json(approvalSchema, "Signed; valid for a day."), ...problems(400, 409, 413, 415) },
  });
  app.openapi(create, async (c) => {
    const approval = await runtime.approve({ ...c.req.valid("json"), approvedBy: c.get("principal").name });
    c.header("location", `/v1/approvals/${approval.id}`);
    return c.json({ ...approval }, 201);
  });
  app.openapi(one, async (c) => c.json({ ...(await runtime.approval(c.req.valid("param").id)) }, 200));
}
