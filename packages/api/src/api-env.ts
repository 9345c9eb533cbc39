import type { OpenAPIHono } from "@hono/zod-openapi";
import type { Runtime } from "@runback/runtime";
import type { ApiLimits, RunHost } from "./api-options.ts";
import type { Principal } from "./auth/principal.ts";

/** What the servers hand over beside the request: Node its socket, Lambda its event. */
export interface ApiBindings {
  readonly incoming?: { readonly socket?: { readonly remoteAddress?: string | undefined } };
  readonly requestContext?: { readonly http?: { readonly sourceIp?: string } };
}

export interface ApiEnv {
  Bindings: ApiBindings;
  Variables: {
    requestId: string;
    /** Set on every route below /v1 that asks for a token. */
    principal: Principal;
    /** The JSON text of the body; empty when there is none. */
    bodyText: string;
    /** Digest of whose Idempotency-Key this is and what it says; set where a route honours one and it was given. */
    idempotencyKey?: string;
  };
}

export type Api = OpenAPIHono<ApiEnv>;

/** What routes are given. */
export interface ApiParts {
  readonly runtime: Runtime;
  readonly host: RunHost;
  readonly limits: ApiLimits;
}
