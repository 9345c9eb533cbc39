import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { pathToFileURL } from "node:url";
import { type Served, type ServeOptions, serve } from "@runback/api";
import type { Clock, ColumnCutover, Role } from "@runback/core";
import { openEngine } from "@runback/engines";
import { sampleTierMapping, wildApricotImport, writeSampleExport } from "@runback/membership";
import { init } from "@runback/operations";
import { jsonLogger, type OidcConfig, openRuntime, type Runtime } from "@runback/runtime";
import { createDatabase, templateDatabase } from "../../support/database.ts";

export const adminToken = "admin-token-of-the-test-suite-3f9a";

export const sampleCounts = { members: 40, events: 9, registrations: 75 };

export interface Site extends AsyncDisposable {
  readonly runtime: Runtime;
  readonly url: string;
  readonly home: string;
  readonly databaseUrl: string;
  /** Every log line so far. */
  readonly log: () => string;
  /** Sends a request with a token of the role, or without any. */
  send(
    who: Role | null,
    method: string,
    path: string,
    body?: unknown,
    headers?: Readonly<Record<string, string>>,
  ): Promise<Answer>;
  readonly tokens: Readonly<Record<Role, string>>;
  /** A second server of the same installation, with a runtime of its own that the signal stops. */
  another(signal: AbortSignal): Promise<Served>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The parsed body; undefined when it is not JSON. */
  readonly body: Record<string, unknown>;
}

export interface SiteOptions {
  readonly oidc?: OidcConfig;
  readonly clock?: Clock;
  readonly serve?: Partial<ServeOptions>;
  /** Registrations of the export instead of the usual few. */
  readonly rows?: number;
  /** Starts against a database without Runback's tables. */
  readonly bare?: boolean;
  readonly cutovers?: readonly ColumnCutover[];
}

/** Made once in a test run and cloned for each site: setting a target up takes ten times as long. */
function initialised(): Promise<string> {
  return templateDatabase("api: initialised target", async (url) => {
    const engine = await openEngine(url);
    try {
      await init({ engine }, wildApricotImport);
    } finally {
      await engine.close();
    }
  });
}

/** A whole installation: a database, a folder with a sample export and the vault, and a server on a free port. */
export async function openSite(options: SiteOptions = {}): Promise<Site> {
  const home = mkdtempSync(join(tmpdir(), "runback-api-"));
  mkdirSync(join(home, "exports"));
  await writeSampleExport(
    join(home, "sample"),
    options.rows === undefined ? sampleCounts : { members: 500, events: 100, registrations: options.rows },
  );
  await writeSampleExport(join(home, "exports", "later"), { ...sampleCounts, members: 41 });
  const database = await createDatabase(options.bare ? {} : { template: await initialised() });
  const lines: string[] = [];
  const stream = new PassThrough().on("data", (chunk: Buffer) => lines.push(chunk.toString()));
  const stop = new AbortController();
  const open = (signal: AbortSignal) =>
    openRuntime({
      home,
      config: {
        sourceFolder: "exports",
        migrations: [
          {
            declaration: wildApricotImport,
            source: "sample",
            policies: {
              "display.organizationName": "Test Club",
              "scheduling.timezone": "America/Los_Angeles",
              "membership.tiers.waMapping": sampleTierMapping,
            },
          },
        ],
        ...(options.oidc === undefined ? {} : { oidc: options.oidc }),
        ...(options.cutovers === undefined ? {} : { cutovers: options.cutovers }),
      },
      env: { DATABASE_URL: database.url, VAULT_URL: pathToFileURL(join(home, "vault")).href },
      logger: jsonLogger(stream, "default", "debug"),
      signal,
      ...(options.clock === undefined ? {} : { clock: options.clock }),
    });
  const runtime = await open(stop.signal);
  const tokens = { admin: adminToken } as Record<Role, string>;
  if (!options.bare) {
    for (const role of ["viewer", "operator", "approver"] as const)
      tokens[role] = (await runtime.mintToken({ name: `${role}-token`, role, operator: "tests" })).secret;
  }
  let served: Served;
  try {
    served = await serve(runtime, {
      port: 0,
      signal: stop.signal,
      adminToken,
      ...options.serve,
      limits: { eventPollMs: 10, heartbeatMs: 50, ...options.serve?.limits },
    });
  } catch (error) {
    await runtime.close();
    await database.drop();
    rmSync(home, { recursive: true, force: true });
    throw error;
  }
  const { url } = served;
  return {
    runtime,
    url,
    home,
    tokens,
    databaseUrl: database.url,
    log: () => lines.join(""),
    another: async (signal) => {
      const second = await open(signal);
      const server = await serve(second, { port: 0, adminToken, signal, limits: { eventPollMs: 10 } });
      return {
        url: server.url,
        close: async () => {
          await server.close();
          await second.close();
        },
      };
    },
    send: (who, method, path, body, headers) =>
      sendTo(url, who === null ? undefined : tokens[who], method, path, body, headers),
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await served.close();
      await runtime.close();
      await database.drop();
      rmSync(home, { recursive: true, force: true });
    },
  };
}

/** One request over a socket. A string is sent as it is, anything else as JSON. */
export async function sendTo(
  url: string,
  token: string | undefined,
  method: string,
  path: string,
  body?: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const response = await fetch(`${url}${path}`, {
    method,
    redirect: "manual",
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
  return await answerOf(response);
}

export async function answerOf(response: Response): Promise<Answer> {
  const text = await response.text();
  const isJson = /json/.test(response.headers.get("content-type") ?? "");
  return {
    status: response.status,
    headers: response.headers,
    text,
    body: (isJson ? JSON.parse(text) : {}) as Record<string, unknown>,
  };
}

/** The server-sent events of a stream until it ends. */
export function eventsOf(text: string): { event: string; id: string | null; data: Record<string, unknown> }[] {
  return text
    .split("\n\n")
    .filter((block) => block !== "" && !block.startsWith(":"))
    .map((block) => {
      const field = (name: string) => block.split("\n").find((line) => line.startsWith(`${name}: `));
      return {
        event: field("event")!.slice(7),
        id: field("id")?.slice(4) ?? null,
        data: JSON.parse(field("data")!.slice(6)) as Record<string, unknown>,
      };
    });
}

/** Follows a run to its end. */
export async function ended(site: Site, runId: string): Promise<Record<string, unknown>> {
  const answer = await site.send("viewer", "GET", `/v1/runs/${runId}/events`);
  const last = eventsOf(answer.text).at(-1);
  if (last?.event !== "end") throw new Error(`the stream of ${runId} ended with ${last?.event}`);
  return last.data;
}

/** Imports the sample and returns its run id. */
export async function importSample(site: Site): Promise<string> {
  const { body } = await site.send("operator", "POST", "/v1/runs", { dryRun: false });
  const run = await ended(site, String(body.runId));
  if (run.state !== "completed") throw new Error(`the import ended ${run.state}`);
  return String(run.runId);
}
