import { execFile } from "node:child_process";
import { createCipheriv, randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { unpack } from "./support/unpack.ts";

const run = promisify(execFile);
const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const key = randomBytes(32);
let folder: string;

/** Bundles the entry points as sst does, into a folder with nothing else in it but the encrypted links. */
beforeAll(async () => {
  unpack();
  folder = await mkdtemp(join(tmpdir(), "runback-functions-"));
  const esbuild = await import("../../.sst/platform/node_modules/esbuild/lib/main.js");
  const names = ["api", "run", "schedules/audit-verification", "schedules/vault-retention"];
  await esbuild.build({
    entryPoints: names.map((name) => at(`../../functions/${name}.ts`)),
    outdir: folder,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    platform: "node",
    format: "esm",
    target: "esnext",
    mainFields: ["module", "main"],
    tsconfigRaw: {},
    alias: { "@runback/runtime": at("fixtures/runtime.ts") },
    banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
    logLevel: "error",
  });
  const links = { DatabaseUrl: { value: "postgres://linked" }, AdminToken: { value: "linked-token" } };
  const cipher = createCipheriv("aes-256-gcm", key, Buffer.alloc(12));
  const encrypted = [cipher.update(JSON.stringify(links)), cipher.final()];
  await writeFile(join(folder, "resource.enc"), Buffer.concat([...encrypted, cipher.getAuthTag()]));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

async function invoke(name: string, event: unknown, environment: Record<string, string> = {}): Promise<unknown> {
  const handler = pathToFileURL(join(folder, `${name}.mjs`)).href;
  const { stdout } = await run(process.execPath, [at("fixtures/invoke.mjs"), handler, JSON.stringify(event)], {
    cwd: folder,
    env: {
      SST_KEY: key.toString("base64"),
      SST_KEY_FILE: "resource.enc",
      SST_RESOURCE_App: JSON.stringify({ name: "runback", stage: "test" }),
      ...environment,
    },
  });
  // Before the answer come the log lines.
  return JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "");
}

const given = { databaseUrl: "postgres://linked", adminToken: "linked-token", startsRuns: true };
const request = {
  version: "2.0",
  rawPath: "/v1/health",
  rawQueryString: "",
  headers: {},
  requestContext: { domainName: "abc.on.aws", http: { method: "GET" } },
  isBase64Encoded: false,
};

it("the API gives the runtime its linked secrets and a way to start runs, and answers the request", async () => {
  const answer = (await invoke("api", request)) as { statusCode: number; body: string };
  expect(answer.statusCode).toBe(200);
  expect(JSON.parse(answer.body)).toEqual({ ...given, path: "/v1/health" });
});

it("the environment wins over a link, as on any other host", async () => {
  const answer = (await invoke("api", request, { DATABASE_URL: "postgres://own" })) as { body: string };
  expect(JSON.parse(answer.body)).toMatchObject({ databaseUrl: "postgres://own" });
});

it("the API answers 500 and names no secret when a link is missing", async () => {
  const answer = (await invoke("api", request, { SST_KEY_FILE: "" })) as { statusCode: number; body: string };
  expect(answer.statusCode).toBe(500);
  expect(JSON.parse(answer.body)).toMatchObject({ code: "UNEXPECTED" });
});

it.each([
  ["schedules/audit-verification", "verifyAudit"],
  ["schedules/vault-retention", "sweepRetention"],
])("%s runs the job %s", async (name, job) => {
  expect(await invoke(name, {})).toEqual({ ...given, job });
});

it("the workflow's handler refuses an invocation that is not a durable execution", async () => {
  await expect(invoke("run", { runId: "run-1" })).rejects.toThrow(/durable/i);
});
