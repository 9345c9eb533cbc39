import { type Hook, OpenAPIHono } from "@hono/zod-openapi";
import { RunbackError } from "@runback/core";
import { createDashboard } from "@runback/dashboard";
import type { Runtime } from "@runback/runtime";
import { bodyLimit } from "hono/body-limit";
import { methodNotAllowed } from "hono/method-not-allowed";
import { requestId } from "hono/request-id";
import type { Api, ApiEnv, ApiParts } from "./api-env.ts";
import { type ApiOptions, defaultLimits } from "./api-options.ts";
import { createAuthenticate } from "./auth/authenticate.ts";
import { bearer, clientAddress, tooMany } from "./auth/bearer.ts";
import { FailedAttempts } from "./auth/failed-attempts.ts";
import { bodyTooLarge, jsonBody } from "./http/json-body.ts";
import { problemResponse, publicError } from "./http/problem.ts";
import { requestLog } from "./http/request-log.ts";
import { securityHeaders } from "./http/security-headers.ts";
import { localHost } from "./local-host.ts";
import { openPaths } from "./openapi-document.ts";
import { addAlerts } from "./routes/alerts.ts";
import { addApprovals } from "./routes/approvals.ts";
import { addAttendance } from "./routes/attendance.ts";
import { addAttendanceMigration } from "./routes/attendance-migration.ts";
import { addAudit } from "./routes/audit.ts";
import { addBackfills } from "./routes/backfills.ts";
import { addBundles } from "./routes/bundles.ts";
import { addCutoverMetrics } from "./routes/cutover-metrics.ts";
import { addCutovers } from "./routes/cutovers.ts";
import { addDocs } from "./routes/docs.ts";
import { addFreeze } from "./routes/freeze.ts";
import { addHealth } from "./routes/health.ts";
import { addMonitors } from "./routes/monitors.ts";
import { addOfrep } from "./routes/ofrep.ts";
import { addRollbacks } from "./routes/rollbacks.ts";
import { addRunEvents } from "./routes/run-events.ts";
import { addRuns } from "./routes/runs.ts";
import { addSnapshots } from "./routes/snapshots.ts";
import { addStartRun } from "./routes/start-run.ts";
import { addTokens } from "./routes/tokens.ts";
import { addVerifications } from "./routes/verifications.ts";

const routes = [
  addHealth,
  addRuns,
  addStartRun,
  addRunEvents,
  addRollbacks,
  addVerifications,
  addBundles,
  addSnapshots,
  addBackfills,
  addFreeze,
  addApprovals,
  addAudit,
  addMonitors,
  addOfrep,
  addCutovers,
  addCutoverMetrics,
  addOfrep,
  addAlerts,
  addAttendance,
  addAttendanceMigration,
  addTokens,
];

/**
 * The HTTP API and the dashboard over one runtime, for any server that speaks `fetch`.
 *
 * @throws `ADMIN_TOKEN_WEAK`
 */
export function createApi(runtime: Runtime, options: ApiOptions = {}): Api {
  const limits = { ...defaultLimits, ...options.limits };
  const { logger, clock } = runtime.context;
  const authenticate = createAuthenticate(runtime, options.adminToken);
  const attempts = new FailedAttempts(limits.failedAuthentications, clock);
  const parts: ApiParts = { runtime, limits, host: options.host ?? localHost(runtime) };
  const app: Api = new OpenAPIHono<ApiEnv>({ defaultHook: refuseInvalid });

  app.onError((error, c) => problemResponse(c, publicError(error, c.get("principal") !== undefined)));
  app.notFound((c) => problemResponse(c, routeNotFound()));
  app.use(requestId({ limitLength: 64 }));
  app.use(requestLog(logger));
  app.use(securityHeaders());
  app.use(methodNotAllowed({ app, onMethodNotAllowed: (c, methods) => problemResponse(c, wrongMethod(methods)) }));
  app.use(bodyLimit({ maxSize: limits.bodyBytes, onError: (c) => problemResponse(c, bodyTooLarge(limits.bodyBytes)) }));
  const authenticated = bearer(authenticate, attempts);
  // Closed unless it is named: a route that forgets its role still asks for a token.
  app.use("/v1/*", (c, next) => (openPaths.includes(c.req.path) ? next() : authenticated(c, next)));
  app.use("/v1/*", jsonBody(limits));
  app.use("/ofrep/*", authenticated);

  app.openAPIRegistry.registerComponent("securitySchemes", "bearer", {
    type: "http",
    scheme: "bearer",
    description: "One of Runback's own tokens, or a JWT of the configured issuer.",
  });
  for (const add of routes) add(app, parts);
  addDocs(app);
  const dashboard = createDashboard({
    runtime,
    authenticate: async (secret, env) => {
      const address = clientAddress(env);
      const seconds = attempts.blockedSeconds(address);
      if (seconds > 0) throw tooMany(seconds);
      const principal = await authenticate(secret);
      if (principal === undefined) attempts.failed(address);
      return principal;
    },
  });
  app.route("/", dashboard);
  return app;
}

/** Names what is wrong with each field, and never repeats its value. */
const refuseInvalid: Hook<unknown, ApiEnv, string, unknown> = (result) => {
  if (result.success) return;
  const fields = result.error.issues.map(({ path, message, ...issue }) => ({
    field: [result.target === "json" ? "body" : result.target, ...path].join("."),
    message: "keys" in issue && Array.isArray(issue.keys) ? `does not know ${issue.keys.length} of its keys` : message,
  }));
  throw new RunbackError("REQUEST_INVALID", `The request is not valid: ${fields[0]!.field} ${fields[0]!.message}.`, {
    recovery: "Nothing was written. Correct the fields that details names; /docs describes them.",
    status: 400,
    details: { fields },
  });
};

function routeNotFound(): RunbackError {
  return new RunbackError("ROUTE_NOT_FOUND", "There is nothing at this address.", {
    recovery: "See /docs for the routes.",
    status: 404,
  });
}

function wrongMethod(allow: readonly string[]): RunbackError {
  return new RunbackError("METHOD_NOT_ALLOWED", "This address does not take this method.", {
    recovery: `Use ${allow.join(" or ")}.`,
    status: 405,
    details: { allow },
  });
}
