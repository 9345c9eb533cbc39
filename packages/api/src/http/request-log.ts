import { type Logger, RunbackError, redact } from "@runback/core";
import type { MiddlewareHandler } from "hono";
import { createMiddleware } from "hono/factory";
import { matchedRoutes } from "hono/route";
import type { ApiEnv } from "../api-env.ts";

/**
 * One line a request: the route, not the address, since people paste tokens into addresses, and the token's id, not its name.
 */
export function requestLog(logger: Logger): MiddlewareHandler<ApiEnv> {
  return createMiddleware<ApiEnv>(async (c, next) => {
    const began = performance.now();
    await next();
    const { status } = c.res;
    const runId = c.req.param("id") ?? c.req.param("runId");
    logger.log(status >= 500 ? "error" : "info", "api.request", {
      request_id: c.get("requestId"),
      method: c.req.method,
      route: matchedRoutes(c).at(-1)?.path ?? "",
      status,
      duration_ms: Math.round(performance.now() - began),
      principal: c.get("principal")?.id ?? null,
      ...(runId !== undefined && /^run-[0-9]{8}-[0-9]{6}-[0-9a-f]+$/.test(runId) ? { run_id: runId } : {}),
      ...(c.error === undefined || status < 500 ? {} : failure(c.error)),
    });
  });
}

/** A database's message can quote values of rows: of its errors only the code and the constraint are kept. */
function failure(error: Error): Record<string, unknown> {
  if (error instanceof RunbackError) return { code: error.code, detail: redact(error.message) };
  const { code, constraint_name: constraint } = error as { code?: unknown; constraint_name?: unknown };
  if (typeof code === "string") return { code: "UNEXPECTED", error: error.name, cause: code, constraint };
  return { code: "UNEXPECTED", error: error.name, detail: redact(error.message), stack: redact(error.stack ?? "") };
}
