import { createRoute, z } from "@hono/zod-openapi";
import type { Api, ApiParts } from "../api-env.ts";
import { takes } from "../auth/bearer.ts";
import { cleanText, count, instant, json, pageQuery, problems, runId } from "../http/schemas.ts";

const entry = z
  .object({
    id: z.string(),
    action: z.string().openapi({ example: "migration:completed" }),
    metadata: z.record(z.string(), z.unknown()),
    createdAt: instant,
    seq: count.nullable().openapi({ description: "Place on the hash chain; null for an entry that is on none." }),
    sha256: z.string().nullable(),
  })
  .openapi("AuditEntry");

const verification = z
  .object({
    ok: z.boolean(),
    relation: z.string(),
    entries: count,
    head: z.object({ seq: count, sha256: z.string() }).nullable(),
    anchors: z.object({ checked: count, newestSeq: count.nullable() }),
    problems: z.array(
      z.object({
        kind: z.enum(["changed", "deleted", "unchained", "broken-link", "truncated", "anchor-mismatch"]),
        entry: z.string().nullable(),
        seq: count.nullable(),
        detail: z.string(),
      }),
    ),
    problemCount: count,
  })
  .openapi("AuditVerification");

const list = createRoute({
  method: "get",
  path: "/v1/audit",
  tags: ["Audit"],
  summary: "The audit trail, newest first",
  ...takes("viewer"),
  request: {
    query: pageQuery(cleanText(200)).extend({
      run: runId.optional().openapi({ description: "Only entries that name this run." }),
    }),
  },
  responses: {
    200: json(z.object({ entries: z.array(entry), next: z.string().nullable() }).openapi("AuditPage"), "The page."),
    ...problems(400),
  },
});

const verify = createRoute({
  method: "post",
  path: "/v1/audit/verify",
  tags: ["Audit"],
  summary: "Recompute every entry, link and anchor of the trails",
  description: "Writes nothing. `ok` is false when one trail does not verify, or cannot be checked.",
  ...takes("operator"),
  responses: {
    200: json(z.object({ ok: z.boolean(), trails: z.array(verification) }), "What was found."),
    ...problems(413, 415),
  },
});

export function addAudit(app: Api, { runtime }: ApiParts): void {
  app.openapi(list, async (c) => {
    const { limit, cursor, run } = c.req.valid("query");
    const page = { limit, ...(cursor === undefined ? {} : { before: cursor }), ...(run === undefined ? {} : { run }) };
    const { entries, next } = await runtime.audit(page);
    return c.json({ entries: entries.map((each) => ({ ...each, metadata: { ...each.metadata } })), next }, 200);
  });
  app.openapi(verify, async (c) => {
    const trails = await runtime.verifyAudit();
    return c.json(
      { ok: trails.every(({ ok }) => ok), trails: trails.map((each) => ({ ...each, problems: [...each.problems] })) },
      200,
    );
  });
}
