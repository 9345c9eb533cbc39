import { createRoute, z } from "@hono/zod-openapi";
import { type ReportFormatName, reportFormats } from "@runback/operations";
import type { Api, ApiParts } from "../api-env.ts";
import { takes } from "../auth/bearer.ts";
import { idempotent } from "../http/idempotency.ts";
import { negotiate } from "../http/negotiate.ts";
import { count, idempotencyHeader, instant, json, jsonRequest, madeId, problems, runId } from "../http/schemas.ts";

const reportSchema = z
  .object({
    runId: z.string(),
    bundlePath: z.string(),
    verifiedAt: instant,
    durationMs: z.number(),
    passed: z.boolean().openapi({ description: "False as soon as one check of severity error failed." }),
    checks: z.array(
      z.object({
        id: z.string(),
        name: z.string(),
        category: z.string(),
        severity: z.enum(["error", "warning"]),
        passed: z.boolean(),
        expected: z.unknown(),
        actual: z.unknown(),
        message: z.string(),
      }),
    ),
    summary: z.object({ total: count, passed: count, failed: count, warnings: count }),
    counts: z.object({ bundle: z.record(z.string(), z.number()), database: z.record(z.string(), z.number()) }),
    tierDistribution: z.array(z.object({ tierCode: z.string(), tierName: z.string(), count, percentage: z.number() })),
    policyVerification: z.array(
      z.object({ key: z.string(), expected: z.unknown(), actual: z.unknown(), matches: z.boolean() }),
    ),
    escalate: z.object({ required: z.boolean(), reasons: z.array(z.string()) }),
  })
  .openapi("VerificationReport");

const text = (description: string) => ({ schema: z.string().openapi({ description }) });

const one = createRoute({
  method: "get",
  path: "/v1/verifications/{id}",
  tags: ["Verifications"],
  summary: "A verification report",
  description: "As JSON, Markdown, an HTML page or JUnit, by the Accept header.",
  ...takes("viewer"),
  request: { params: z.object({ id: madeId("ver") }) },
  responses: {
    200: {
      description: "The report.",
      content: {
        "application/json": { schema: reportSchema },
        "text/markdown": text("For people, and for issues."),
        "text/html": text("One self-contained page."),
        "application/xml": text("JUnit, for build servers."),
      },
    },
    ...problems(400, 404, 406),
  },
});

const formats = Object.keys(reportFormats) as ReportFormatName[];
// JSON first: what a client gets that does not say.
const offered = ["json", ...formats.filter((name) => name !== "json")] as ReportFormatName[];

export function addVerifications(app: Api, parts: ApiParts): void {
  const { runtime } = parts;
  const create = createRoute({
    method: "post",
    path: "/v1/verifications",
    tags: ["Verifications"],
    summary: "Verify the target against the bundle of a run",
    ...takes("operator", idempotent(parts)),
    request: {
      headers: idempotencyHeader,
      body: jsonRequest(
        z
          .strictObject({ bundle: runId.openapi({ description: "The run whose bundle it is." }) })
          .openapi("StartVerification"),
      ),
    },
    responses: {
      201: json(reportSchema.extend({ id: madeId("ver") }), "The report, on record under its id."),
      ...problems(400, 404, 409, 413, 415, 422),
    },
  });
  app.openapi(create, async (c) => {
    const { report, id } = await runtime.verify(c.req.valid("json").bundle);
    c.header("location", `/v1/verifications/${id}`);
    const document = JSON.parse(reportFormats.json.render(report)) as z.infer<typeof reportSchema>;
    return c.json({ id: id!, ...document }, 201);
  });
  app.openapi(one, async (c) => {
    const report = await runtime.verification(c.req.valid("param").id);
    const type = negotiate(
      c.req.header("accept"),
      offered.map((name) => reportFormats[name].mediaType),
    );
    const { render, mediaType } = Object.values(reportFormats).find((format) => format.mediaType === type)!;
    c.header("content-type", `${mediaType}; charset=utf-8`);
    c.header("vary", "accept");
    if (mediaType === "text/html") c.header("content-security-policy", reportPolicy);
    return c.body(render(report), 200);
  });
}

/** The page brings its style along, and asks for nothing. */
const reportPolicy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'";
