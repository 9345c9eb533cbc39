import { type Role, RunbackError } from "@runback/core";
import type { MiddlewareHandler } from "hono";
import { createMiddleware } from "hono/factory";
import type { ApiBindings, ApiEnv } from "../api-env.ts";
import type { FailedAttempts } from "./failed-attempts.ts";
import { type Authenticate, includesRole } from "./principal.ts";

/** Lets only requests with a valid bearer token through, and says who they are from. */
export function bearer(authenticate: Authenticate, attempts: FailedAttempts): MiddlewareHandler<ApiEnv> {
  return createMiddleware<ApiEnv>(async (c, next) => {
    const header = c.req.header("authorization");
    if (header === undefined) throw unauthenticated();
    const address = clientAddress(c.env);
    const seconds = attempts.blockedSeconds(address);
    if (seconds > 0) throw tooMany(seconds);
    const secret = /^Bearer +([\x21-\x7e]+) *$/i.exec(header)?.[1];
    const principal = secret === undefined ? undefined : await authenticate(secret);
    if (principal === undefined) {
      attempts.failed(address);
      throw tokenInvalid();
    }
    c.set("principal", principal);
    await next();
  });
}

/** On each route: the least role it takes. */
export function allow(role: Role): MiddlewareHandler<ApiEnv> {
  return createMiddleware<ApiEnv>(async (c, next) => {
    const { role: has } = c.get("principal");
    if (!includesRole(has, role)) {
      throw new RunbackError("ROLE_REQUIRED", `This takes the role ${role}; the token has ${has}.`, {
        recovery: "Nothing was written. Use a token with that role, or ask somebody who has one.",
        status: 403,
        details: { required: role, has },
      });
    }
    await next();
  });
}

/**
 * Middleware and documentation of a route's role in one, so that neither is without the other. OpenAPI 3.1 lists the roles
 * that a bearer token needs beside its scheme.
 */
export function takes<M extends MiddlewareHandler<ApiEnv>[]>(role: Role, ...more: M) {
  return { middleware: [allow(role), ...more], security: [{ bearer: [role as string] }] };
}

/** As the server saw it: headers that a client can write itself are not asked. */
export function clientAddress(env: ApiBindings | undefined): string {
  return env?.incoming?.socket?.remoteAddress ?? env?.requestContext?.http?.sourceIp ?? "unknown";
}

function unauthenticated(): RunbackError {
  return new RunbackError("TOKEN_MISSING", "This needs a bearer token.", {
    recovery: "Send `Authorization: Bearer <token>`. `runback token create` makes one.",
    status: 401,
  });
}

function tokenInvalid(): RunbackError {
  return new RunbackError("TOKEN_INVALID", "The bearer token is not valid.", {
    recovery: "It is unknown, expired or revoked. Ask an administrator for a new one.",
    status: 401,
  });
}

export function tooMany(retryAfterSeconds: number): RunbackError {
  return new RunbackError("RATE_LIMITED", "Too many failed authentications from this address.", {
    recovery: `Try again in ${retryAfterSeconds} seconds with a valid token.`,
    status: 429,
    details: { retryAfterSeconds },
  });
}
