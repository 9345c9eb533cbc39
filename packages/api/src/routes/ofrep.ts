import { createHash } from "node:crypto";
import { createRoute, z } from "@hono/zod-openapi";
import { type CutoverStates, type FlagValue, flagValues, stages } from "@runback/core";
import { storedStates } from "@runback/operations";
import type { Context } from "hono";
import type { Api, ApiParts } from "../api-env.ts";
import { allow, takes } from "../auth/bearer.ts";
import { instant, json, problems } from "../http/schemas.ts";

const flagSchema = z
  .object({
    key: z.string().openapi({ example: "status_v2_read_pivot" }),
    value: z.union([z.boolean(), z.enum(stages)]),
    reason: z.literal("STATIC"),
    variant: z.string().openapi({ example: "on" }),
    metadata: z.object({
      cutover: z.string(),
      phase: z.int().min(0).max(5),
      since: instant.optional().openapi({ description: "Since when its comparisons are counted; reports name it." }),
    }),
  })
  .openapi("Flag");

const failure = z
  .object({ key: z.string().optional(), errorCode: z.string(), errorDetails: z.string() })
  .openapi("FlagError");

const body = {
  required: false,
  content: {
    "application/json": {
      schema: z.looseObject({ context: z.looseObject({}).optional() }).openapi("EvaluationContext"),
    },
  },
};

const failures = () => {
  const common = problems(413) as Record<string, { readonly content: object }>;
  return {
    ...common,
    400: json(failure, "The body is no evaluation context."),
    500: {
      description: "The phases cannot be read: clients keep their last known value.",
      content: { "application/json": { schema: failure }, ...common[500]!.content },
    },
  };
};

const one = createRoute({
  method: "post",
  path: "/ofrep/v1/evaluate/flags/{key}",
  tags: ["Flags"],
  summary: "One flag, as the OpenFeature Remote Evaluation Protocol asks for it",
  ...takes("viewer"),
  request: { params: z.object({ key: z.string() }), body },
  responses: { ...failures(), 200: json(flagSchema, "The flag."), 404: json(failure, "No cutover has this flag.") },
});

const all = createRoute({
  method: "post",
  path: "/ofrep/v1/evaluate/flags",
  tags: ["Flags"],
  summary: "All flags, with an ETag",
  ...takes("viewer"),
  request: { body },
  responses: {
    ...failures(),
    200: json(z.object({ flags: z.array(flagSchema) }), "The flags of every configured cutover."),
    304: { description: "They are those of `If-None-Match`." },
  },
});

export function addOfrep(app: Api, { runtime }: ApiParts): void {
  addOfrepOver(app, storedStates(runtime.context.engine, runtime.config.cutovers ?? []));
}

/**
 * The OpenFeature Remote Evaluation Protocol over the phases of cutovers: any OpenFeature SDK reads them. Flags are the same
 * for everybody, so a request's context is checked for its shape and otherwise not looked at. Refusals are in the
 * protocol's words, which its clients read, and not problem documents: so the schemas above describe, and do not check.
 */
export function addOfrepOver(app: Api, states: CutoverStates): void {
  app.openAPIRegistry.registerPath(one);
  app.openAPIRegistry.registerPath(all);

  app.post(one.getRoutingPath(), allow("viewer"), async (c) => {
    const key = c.req.param("key");
    const refused = await refusal(c);
    if (refused !== null) return c.json({ key, ...refused }, 400);
    const flags = await valuesOf(states);
    if (flags === null) return c.json({ key, ...unreadable }, 500);
    const flag = flags.find((each) => each.key === key);
    if (flag === undefined) return c.json({ key, errorCode: "FLAG_NOT_FOUND", errorDetails: `no flag ${key}` }, 404);
    return c.json(evaluation(flag));
  });

  app.post(all.getRoutingPath(), allow("viewer"), async (c) => {
    const refused = await refusal(c);
    if (refused !== null) return c.json(refused, 400);
    const flags = await valuesOf(states);
    if (flags === null) return c.json(unreadable, 500);
    const text = JSON.stringify({ flags: flags.map(evaluation) });
    const etag = `"${createHash("sha256").update(text).digest("base64url").slice(0, 27)}"`;
    const known = (c.req.header("if-none-match") ?? "").split(",").map((each) => each.trim().replace(/^W\//, ""));
    c.header("etag", etag);
    c.header("cache-control", "no-cache");
    if (known.includes(etag) || known.includes("*")) return c.body(null, 304);
    return c.body(text, 200, { "content-type": "application/json" });
  });
}

/** A flag that cannot be read is no flag: clients keep their last known value. */
async function valuesOf(states: CutoverStates): Promise<FlagValue[] | null> {
  try {
    return flagValues(await states.states());
  } catch {
    return null;
  }
}

const unreadable = { errorCode: "GENERAL", errorDetails: "the phases cannot be read" };

const evaluation = ({ key, value, variant, cutover, phase, since }: FlagValue) => ({
  key,
  value,
  reason: "STATIC",
  variant,
  metadata: { cutover, phase, ...(since === null ? {} : { since }) },
});

/** A body is `{"context": {…}}`, or nothing. */
async function refusal(c: Context): Promise<{ errorCode: string; errorDetails: string } | null> {
  const text = await c.req.text();
  if (text.trim() === "") return null;
  try {
    const given = JSON.parse(text) as { context?: unknown } | null;
    if (given === null || typeof given !== "object" || Array.isArray(given))
      return { errorCode: "PARSE_ERROR", errorDetails: "the body is no object" };
    const { context } = given;
    if (context === undefined || (context !== null && typeof context === "object" && !Array.isArray(context)))
      return null;
    return { errorCode: "INVALID_CONTEXT", errorDetails: "context is no object" };
  } catch {
    return { errorCode: "PARSE_ERROR", errorDetails: "the body is no JSON" };
  }
}
