import { isRunId, RunbackError } from "@runback/core";
import { htmlReport } from "@runback/operations";
import type { Runtime } from "@runback/runtime";
import { verifyBundle } from "@runback/vault";
import { Hono } from "hono";
import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import { csrf } from "hono/csrf";
import { HTTPException } from "hono/http-exception";
import type { BundleView } from "./bundle-section.ts";
import { errorPage } from "./error-page.ts";
import { healthPage } from "./health-page.ts";
import { pagePolicy, type Viewer } from "./layout.ts";
import { runPage } from "./run-page.ts";
import { runsPage } from "./runs-page.ts";
import { signInPage } from "./sign-in-page.ts";

export interface DashboardOptions {
  readonly runtime: Runtime;
  /** Whom a token belongs to. @param env what the server handed over beside the request */
  readonly authenticate: (secret: string, env: object) => Promise<Viewer | undefined>;
}

interface DashboardEnv {
  Bindings: object;
  Variables: { viewer: Viewer };
}

const cookieName = "runback_session";
const sessionSeconds = 12 * 60 * 60;
const runsPerPage = 25;

/** The pages: read-only, rendered here, without a script. The cookie holds the token and opens pages only, never the API. */
export function createDashboard({ runtime, authenticate }: DashboardOptions): Hono<DashboardEnv> {
  const app = new Hono<DashboardEnv>();
  const { context, target } = runtime;
  const place = { target, location: context.engine.location };

  app.onError((error, c) => {
    const shown = shownError(error, c.get("viewer") !== undefined);
    c.header("content-security-policy", pagePolicy);
    return c.html(errorPage(shown), shown.status as 400);
  });
  app.use("/session/*", csrf());
  app.use("/session", csrf());
  app.post("/session", async (c) => {
    const form = await c.req.parseBody();
    const secret = typeof form.token === "string" ? form.token.trim() : "";
    const to = ownPath(form.to);
    c.header("content-security-policy", pagePolicy);
    if ((await authenticate(secret, c.env)) === undefined)
      return c.html(signInPage(to, "This token is unknown, expired or revoked."), 401);
    setCookie(c, cookieName, secret, {
      httpOnly: true,
      sameSite: "Strict",
      secure: new URL(c.req.url).protocol === "https:" || c.req.header("x-forwarded-proto") === "https",
      path: "/",
      maxAge: sessionSeconds,
    });
    return c.redirect(to, 303);
  });
  app.post("/session/end", (c) => {
    deleteCookie(c, cookieName, { path: "/" });
    return c.redirect("/", 303);
  });

  const signedIn = new Hono<DashboardEnv>();
  for (const path of ["/", "/health", "/runs/*", "/verifications/*"]) {
    signedIn.use(path, async (c, next) => {
      c.header("content-security-policy", pagePolicy);
      const secret = getCookie(c, cookieName);
      const viewer = secret === undefined ? undefined : await authenticate(secret, c.env);
      if (viewer === undefined) {
        const url = new URL(c.req.url);
        return c.html(signInPage(url.pathname + url.search), 401);
      }
      c.set("viewer", viewer);
      await next();
    });
  }
  signedIn.get("/", async (c) => {
    const before = c.req.query("before");
    const cursor = before !== undefined && isRunId(before) ? { before } : {};
    const { runs, next } = await runtime.runs({ limit: runsPerPage, ...cursor });
    return c.html(runsPage({ ...place, viewer: c.get("viewer"), runs, next, newest: !("before" in cursor) }));
  });
  signedIn.get("/runs/:id", async (c) => {
    const run = await runtime.run(c.req.param("id"));
    const [verification, bundle] = await Promise.all([
      runtime.latestVerification(run.runId),
      bundleView(runtime, run.runId, c.req.query("check") === "bundle"),
    ]);
    return c.html(runPage({ viewer: c.get("viewer"), run, bundle, verification }));
  });
  signedIn.get("/verifications/:id", async (c) => c.html(htmlReport(await runtime.verification(c.req.param("id")))));
  signedIn.get("/health", async (c) => {
    const health = await runtime.health();
    return c.html(
      healthPage({ ...place, viewer: c.get("viewer"), health, vault: context.vault.location }),
      health.ok ? 200 : 503,
    );
  });
  app.route("/", signedIn);
  return app;
}

async function bundleView(runtime: Runtime, runId: string, check: boolean): Promise<BundleView | null> {
  try {
    const source = await runtime.bundle(runId);
    const files: { name: string; bytes: number }[] = [];
    for await (const { name, bytes } of source.list()) files.push({ name, bytes });
    if (!check) return { files };
    const verified = await verifyBundle(source);
    const bad = new Map(verified.files.filter((file) => !file.ok).map((file) => [file.name, file.reason ?? "differs"]));
    for (const name of verified.extra) bad.set(name, "covered by no hash");
    for (const name of verified.missing) files.push({ name, bytes: 0 });
    return { files, checked: { ok: verified.ok, bad } };
  } catch (error) {
    if (error instanceof RunbackError && error.code === "BUNDLE_NOT_FOUND") return null;
    throw error;
  }
}

/** Where to go after signing in: a path of this site, or its start. */
export function ownPath(given: unknown): string {
  if (typeof given !== "string" || !given.startsWith("/")) return "/";
  const base = "http://runback.invalid";
  try {
    const url = new URL(given, base);
    return url.origin === base ? url.pathname + url.search : "/";
  } catch {
    return "/";
  }
}

/** Before somebody is signed in, a failing dependency says nothing of itself: its words can name users and databases. */
function shownError(error: unknown, signedIn: boolean): RunbackError {
  if (error instanceof HTTPException) return foreignForm();
  return error instanceof RunbackError && (signedIn || error.status < 500) ? error : unexpected();
}

/** What the form check throws: the only one of its kind among these routes. */
function foreignForm(): RunbackError {
  return new RunbackError("FORM_REFUSED", "This form did not come from a page of Runback.", {
    recovery: "Open the address of Runback itself, and sign in there.",
    status: 403,
  });
}

function unexpected(): RunbackError {
  return new RunbackError("UNEXPECTED", "Something unexpected happened.", {
    recovery: "The log line of this request says what. Look at /health.",
    status: 500,
  });
}
