import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { GuardReport, sarif } from "@runback/guard";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parse } from "yaml";
import { jsonOf } from "./cli-result.ts";
import { runCli } from "./in-process.ts";

type Log = ReturnType<typeof sarif>;

const run = promisify(execFile);
const root = join(import.meta.dirname, "../..");
const attendance = new URL("../../packages/attendance/src/index.ts", import.meta.url).href;
let folder: string;
let config: string;
let commit: string;
let sources: string;

const write = 'knex("event_attendance").update({ status: "present" });\n';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "runback-guard-"));
  config = join(folder, "runback.config.ts");
  await writeFile(
    config,
    `import { attendeeStatus, ticketState } from ${JSON.stringify(attendance)};\nexport default { migrations: [{}], cutovers: [attendeeStatus, ticketState] };\n`,
  );
  sources = join(folder, "app");
  await mkdir(join(sources, "old"), { recursive: true });
  await writeFile(join(sources, "good.ts"), 'knex("event_attendance").update({ status_v2: "checkedin" });\n');
  await writeFile(join(sources, "old/bad one.ts"), write);
  const git = (...args: string[]) =>
    run("git", [
      "-C",
      sources,
      "-c",
      "user.name=t",
      "-c",
      "user.email=t@example.org",
      "-c",
      "commit.gpgsign=false",
      ...args,
    ]);
  await git("init", "-q");
  await git("add", "-A");
  await git("commit", "-q", "-m", "sources");
  commit = (await git("rev-parse", "HEAD")).stdout.trim();
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** An address where nothing is: the guard must not ask for it. */
const guard = (...args: string[]) =>
  runCli({ config, databaseUrl: "postgres://127.0.0.1:9/nowhere", vaultUrl: "file:///nowhere" }, ["guard", ...args]);

test("exits with 1 on a write of a retired column and 0 without, and names the place and the revision", async () => {
  const failed = await guard(sources);
  expect(failed.status).toBe(1);
  expect(failed.stdout.split("\n").slice(0, 2)).toEqual([
    `${join(sources, "old/bad one.ts")}:1:35 error legacy-write: event_attendance.status is retired and written here (update()). Write status_v2 only.`,
    `FAIL  1 error(s), 0 unread, 0 warning(s), 0 waived in 2 files, 4 lines at ${commit}`,
  ]);
  expect((await guard(join(sources, "good.ts"))).status).toBe(0);
  expect((await guard(sources, "--exclude", join(sources, "old"))).status).toBe(0);
  expect((await guard(sources, "--cutover", "ticket-state")).status).toBe(0);
  // A pass of a part says of which part.
  const part = jsonOf<GuardReport>(await guard(sources, "--exclude", join(sources, "old"), "--format", "json"));
  expect(part.scope).toEqual({ paths: [sources], excluded: [join(sources, "old")] });
});

test("a warning passes: phase 2 tells of a write of one column, and exits with 0", async () => {
  const result = await guard(sources, "--phase", "2", "--json");
  expect(result.status).toBe(0);
  expect(jsonOf<GuardReport>(result).counts).toEqual({ error: 0, unread: 0, warning: 2, waived: 0 });
});

test("the record names the commit, and says when what was read differs from it", async () => {
  const clean = jsonOf<GuardReport>(await guard(sources, "--format", "json"));
  expect(clean).toMatchObject({ passed: false, revision: { commit, dirty: false }, files: 2 });
  const extra = join(sources, "new.ts");
  await writeFile(extra, "");
  const dirty = jsonOf<GuardReport>(await guard(sources, "--format", "json"));
  await rm(extra);
  expect(dirty.revision).toEqual({ commit, dirty: true });
  expect(dirty.sourceSha256).not.toBe(clean.sourceSha256);
  const outside = join(folder, "outside.ts");
  await writeFile(outside, "");
  expect(jsonOf<GuardReport>(await guard(sources, outside, "--format", "json")).revision).toMatchObject({
    commit: null,
  });
});

test("SARIF has a result on the line, with its rule", async () => {
  const log = jsonOf<Log>(await guard(sources, "--format", "sarif"));
  const [only] = log.runs;
  expect([log.version, only!.tool.driver.name, only!.results!.length]).toEqual(["2.1.0", "runback guard", 1]);
  const [result] = only!.results!;
  expect(result).toMatchObject({ ruleId: "legacy-write", level: "error" });
  expect(only!.tool.driver.rules![result!.ruleIndex!]!.id).toBe("legacy-write");
  const { artifactLocation, region } = result!.locations![0]!.physicalLocation!;
  expect(artifactLocation!.uri).toMatch(/^file:\/\/.*bad%20one\.ts$/);
  expect(region).toEqual({ startLine: 1, startColumn: 35 });
});

test.each([
  ["GUARD_PATH_NOT_FOUND", ["/nowhere/at/all"]],
  ["GUARD_NOTHING_READ", ["LICENSE"]],
  ["CUTOVER_UNKNOWN", [".", "--cutover", "other"]],
  ["USAGE", []],
])("exits with 2 and %s when it cannot pass or fail", async (code, args) => {
  const result = await guard(...args, "--json");
  expect(result.status).toBe(2);
  expect(jsonOf(result)).toMatchObject({ error: { code } });
});

test("the GitHub Action does what the command does, takes paths with spaces, and leaves record and log", async () => {
  const action = parse(await readFile(join(root, "action.yml"), "utf8")) as {
    inputs: Record<string, { default?: string }>;
    runs: { steps: { run: string; env: Record<string, string> }[] };
  };
  const [step] = action.runs.steps;
  const inputs = { config, sarif: join(folder, "g.sarif"), record: join(folder, "g.json") } as Record<string, string>;
  const environment = (paths: string) =>
    Object.fromEntries(
      Object.entries(step!.env).map(([name, expression]) => {
        const input = /^\$\{\{ inputs\.(\w+) \}\}$/.exec(expression)![1]!;
        return [name, input === "paths" ? paths : (inputs[input] ?? action.inputs[input]!.default!)];
      }),
    );
  const act = (paths: string) =>
    run("bash", ["-c", step!.run], { cwd: root, env: { ...process.env, ...environment(paths) } }).then(
      () => 0,
      (error: { code: number }) => error.code,
    );
  expect(await act(`${join(sources, "old/bad one.ts")}\n`)).toBe(1);
  expect(JSON.parse(await readFile(inputs.record!, "utf8"))).toMatchObject({ passed: false, revision: { commit } });
  expect((JSON.parse(await readFile(inputs.sarif!, "utf8")) as Log).runs[0]!.results).toHaveLength(1);
  expect(await act("/nowhere/at/all")).toBe(2);
});
