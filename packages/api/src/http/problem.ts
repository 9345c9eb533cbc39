import { STATUS_CODES } from "node:http";
import { z } from "@hono/zod-openapi";
import { RunbackError } from "@runback/core";
import type { Context } from "hono";
import { HTTPException } from "hono/http-exception";
import type { ApiEnv } from "../api-env.ts";

/** Every answer that is not a success: RFC 9457, with the stable code and what to do. */
export const problemSchema = z
  .object({
    type: z.string().openapi({ example: "urn:runback:error:RUN_NOT_FOUND" }),
    title: z.string().openapi({ description: "The status in words." }),
    status: z.int().min(400).max(599),
    detail: z.string(),
    code: z.string().openapi({ description: "Stable, for tools.", example: "RUN_NOT_FOUND" }),
    recovery: z.string().openapi({ description: "What to do now, and what is already permanent." }),
    requestId: z.string().openapi({ description: "Finds the log line of this request." }),
    details: z.record(z.string(), z.unknown()).optional(),
  })
  .openapi("Problem");

export type Problem = z.infer<typeof problemSchema>;

/**
 * What an error says to the client. Anything that is not an error of Runback says nothing of itself, and to whom nobody knows
 * yet, a failing dependency says no more than its code: its words can name users and databases.
 */
export function publicError(thrown: unknown, known: boolean): RunbackError {
  if (thrown instanceof RunbackError) {
    if (known || thrown.status < 500) return thrown;
    return new RunbackError(thrown.code, "A dependency does not answer.", {
      recovery: "Try again. `GET /v1/health` names what fails.",
      status: thrown.status,
    });
  }
  if (thrown instanceof HTTPException && thrown.status < 500) {
    return new RunbackError("REQUEST_INVALID", "The request is not valid.", {
      recovery: "Nothing was written. /docs describes what this route takes.",
      status: thrown.status,
    });
  }
  // Undefined table or schema: the address is right, but `init` was never run there.
  if (["42P01", "3F000"].includes(String((thrown as { code?: unknown } | null)?.code))) {
    return new RunbackError("NOT_INITIALISED", "Runback's own tables are not on this target.", {
      recovery: "Run `runback init` against it; the first import does so too.",
      status: 503,
    });
  }
  return new RunbackError("UNEXPECTED", "Something unexpected happened.", {
    recovery: "Look at the log line with this request id, and at `GET /v1/health`.",
    status: 500,
  });
}

export function problemResponse(c: Context<ApiEnv>, error: RunbackError): Response {
  const problem: Problem = {
    type: `urn:runback:error:${error.code}`,
    title: STATUS_CODES[error.status] ?? "Error",
    status: error.status,
    detail: error.message,
    code: error.code,
    recovery: error.recovery,
    requestId: c.get("requestId"),
    ...(Object.keys(error.details).length === 0 ? {} : { details: { ...error.details } }),
  };
  const headers = new Headers({ "content-type": "application/problem+json", "cache-control": "no-store" });
  if (error.status === 401) {
    const why = error.code === "TOKEN_MISSING" ? "" : ', error="invalid_token"';
    headers.set("www-authenticate", `Bearer realm="runback"${why}`);
  }
  if (typeof error.details.retryAfterSeconds === "number")
    headers.set("retry-after", String(error.details.retryAfterSeconds));
  // The rest of the body is still on its way: a next request on this connection would come after it, and be cut off.
  if (error.status === 413) headers.set("connection", "close");
  if (Array.isArray(error.details.allow)) headers.set("allow", error.details.allow.join(", "));
  return c.newResponse(JSON.stringify(problem), { status: error.status as 400, headers });
}
