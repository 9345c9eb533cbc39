import { createHash } from "node:crypto";
import { type CutoverStates, type FlagValue, flagValues } from "@runback/core";
import { type Context, Hono } from "hono";

/**
 * The OpenFeature Remote Evaluation Protocol over the phases of cutovers: any OpenFeature SDK reads them. Flags are the same
 * for everybody, so a request's context is checked for its shape and otherwise not looked at.
 */
export function ofrep(states: CutoverStates): Hono {
  const app = new Hono();

  app.post("/ofrep/v1/evaluate/flags/:key", async (c) => {
    const key = c.req.param("key");
    const refused = await refusal(c);
    if (refused !== null) return c.json({ key, ...refused }, 400);
    const flag = flagValues(await states.states()).find((each) => each.key === key);
    if (flag === undefined) return c.json({ key, errorCode: "FLAG_NOT_FOUND", errorDetails: `no flag ${key}` }, 404);
    return c.json(evaluation(flag));
  });

  app.post("/ofrep/v1/evaluate/flags", async (c) => {
    const refused = await refusal(c);
    if (refused !== null) return c.json(refused, 400);
    const body = JSON.stringify({ flags: flagValues(await states.states()).map(evaluation) });
    const etag = `"${createHash("sha256").update(body).digest("base64url").slice(0, 27)}"`;
    const known = (c.req.header("if-none-match") ?? "").split(",").map((each) => each.trim().replace(/^W\//, ""));
    c.header("etag", etag);
    c.header("cache-control", "no-cache");
    if (known.includes(etag) || known.includes("*")) return c.body(null, 304);
    return c.body(body, 200, { "content-type": "application/json" });
  });

  // A flag that cannot be read is no flag: clients keep their last known value.
  app.onError((_, c) => c.json({ errorCode: "GENERAL", errorDetails: "the phases cannot be read" }, 500));
  return app;
}

const evaluation = ({ key, value, variant, cutover, phase }: FlagValue) => ({
  key,
  value,
  reason: "STATIC",
  variant,
  metadata: { cutover, phase },
});

/** A body is `{"context": {…}}`, or nothing. */
async function refusal(c: Context): Promise<{ errorCode: string; errorDetails: string } | null> {
  const text = await c.req.text();
  if (text.trim() === "") return null;
  try {
    const body = JSON.parse(text) as { context?: unknown } | null;
    if (body === null || typeof body !== "object" || Array.isArray(body))
      return { errorCode: "PARSE_ERROR", errorDetails: "the body is no object" };
    const { context } = body;
    if (context === undefined || (context !== null && typeof context === "object" && !Array.isArray(context)))
      return null;
    return { errorCode: "INVALID_CONTEXT", errorDetails: "context is no object" };
  } catch {
    return { errorCode: "PARSE_ERROR", errorDetails: "the body is no JSON" };
  }
}
