import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { sampleWorld, type Target, type World } from "../scenarios/support/world.ts";
import { jsonOf } from "./cli-result.ts";
import { writeConfig } from "./config-file.ts";
import { type CliPlace, runCli } from "./in-process.ts";
import { spawnCli } from "./spawn-cli.ts";

let world: World;
let target: Target;
let place: CliPlace;
let env: Record<string, string>;
beforeAll(async () => {
  world = await sampleWorld();
  target = await world.clone();
  place = { config: await writeConfig(world.folder), databaseUrl: target.url, vaultUrl: world.vaultUrl };
  env = { DATABASE_URL: target.url, VAULT_URL: world.vaultUrl };
});
afterAll(async () => {
  await target[Symbol.asyncDispose]();
  await world[Symbol.asyncDispose]();
});

const counts = ["conflicts", "created", "parsed", "quarantined", "unchanged", "updated"];

/** Every command with `--json`, and keys of its document that users' tools read. */
const documents: readonly {
  readonly command: string;
  readonly args: () => string[];
  readonly keys: readonly string[];
}[] = [
  { command: "init", args: () => ["init"], keys: ["applied", "created"] },
  {
    command: "import --dry-run",
    args: () => ["import", "--dry-run"],
    keys: ["runId", "dryRun", "planDigest", "durationMs", "entities", "quarantine", "bundle"],
  },
  {
    command: "import",
    args: () => ["import", "--operator", "alice", "--bundle", join(world.folder, "cli-bundle")],
    keys: ["runId", "dryRun", "planDigest", "durationMs", "entities", "quarantine", "bundle"],
  },
  { command: "runs", args: () => ["runs", "--limit", "1"], keys: ["runs", "next"] },
  {
    command: "runs show",
    args: () => ["runs", "show", world.runId],
    keys: ["runId", "kind", "mode", "state", "operator", "startedAt", "completedAt", "bundle", "stepList", "result"],
  },
  {
    command: "verify",
    args: () => ["verify", "-b", world.runId, "-o", join(world.folder, "verify.md")],
    keys: [
      "runId",
      "bundlePath",
      "verifiedAt",
      "durationMs",
      "passed",
      "checks",
      "summary",
      "counts",
      "tierDistribution",
      "policyVerification",
      "escalate",
    ],
  },
  {
    command: "rollback --plan",
    args: () => ["rollback", world.runId, "--plan"],
    keys: ["runId", "rollbackRunId", "planned", "classes", "tables", "conflicts", "durationMs"],
  },
  { command: "bundle verify", args: () => ["bundle", "verify", world.runId], keys: ["sha256", "files", "ok"] },
  {
    command: "approve",
    args: () => ["approve", "0".repeat(64), "--requested-by", "alice", "--operator", "bob"],
    keys: ["id", "digest", "expiresAt"],
  },
  { command: "token create", args: () => ["token", "create", "ci"], keys: ["id", "secret", "name", "role"] },
];

describe("--json prints exactly one document, and exits with 0", () => {
  it.each(documents)("$command", async ({ args, keys }) => {
    const result = await runCli(place, [...args(), "--json"]);
    expect(Object.keys(jsonOf(result))).toEqual(expect.arrayContaining([...keys]));
    expect(result.status).toBe(0);
  });

  it("counts that add up, for every entity", async () => {
    const { entities } = jsonOf<{ entities: Record<string, Record<string, number>> }>(
      await runCli(place, ["import", "--dry-run", "--json"]),
    );
    expect(Object.keys(entities)).toEqual(["members", "events", "registrations"]);
    for (const each of Object.values(entities)) {
      expect(Object.keys(each).sort()).toEqual(counts);
      const { parsed, ...rest } = each;
      expect(Object.values(rest).reduce((sum, count) => sum + count, 0)).toBe(parsed);
    }
  });

  it("accepts --json before the command as well as after it", async () => {
    expect(jsonOf(await runCli(place, ["--json", "runs"]))).toHaveProperty("runs");
  });
});

describe("for people", () => {
  it.each(documents.filter(({ command }) => command !== "token create"))("$command prints text", async ({ args }) => {
    const more = args()[0] === "import" ? args().filter((arg) => !/^--bundle$|cli-bundle$/.test(arg)) : args();
    const result = await runCli(place, more);
    expect(result.status).toBe(0);
    expect(result.stdout.trim()).not.toBe("");
    expect(() => JSON.parse(result.stdout)).toThrow(SyntaxError);
  });

  it("shows no progress bar where there is no terminal, and no escape sequence", async () => {
    const result = await spawnCli(["import", "--config", place.config], { env });
    expect(result).toMatchObject({ status: 0, stderr: "" });
    expect(result.stdout).not.toContain("\u001b");
    expect(result.stdout).toContain("Take it back with: runback rollback run-");
  });

  it("--quiet prints the result only", async () => {
    const report = join(world.folder, "quiet.json");
    const result = await spawnCli(
      ["verify", "-b", world.runId, "-o", report, "-f", "json", "--quiet", "--config", place.config],
      { env },
    );
    expect(result).toEqual({ status: 0, stdout: "", stderr: "" });
    expect(JSON.parse(await readFile(report, "utf8"))).toMatchObject({ passed: true });
  });

  it("verify prints the lines that operators' scripts match", async () => {
    const report = join(world.folder, "lines.md");
    const { stdout } = await runCli(place, ["verify", "--bundle", world.bundle, "--output", report]);
    const rule = "=".repeat(60);
    const lines = stdout.replaceAll(/\d{4}-\d{2}-\d{2}T[\d:.]+Z/g, "<time>").replace(/\d+ms/, "<ms>");
    for (const expected of [
      `${rule}\n  Post-Migration Verification\n  Started: <time>\n  Bundle: ${world.bundle}\n${rule}\n`,
      `[1/4] Loading migration bundle...\n  - Run ID: ${world.runId}\n  - Dry run: false\n  - Completed: <time>\n`,
      "[2/4] Connecting to database...\n  - Members: 400\n  - Events: 90\n  - Registrations: 1200\n",
      "[3/4] Running verification checks...\n  [PASS] Member Count: Member count matches: 400\n  [PASS] Event Count: Event count matches: 90\n",
      "  [PASS] Orphaned Registrations: No orphaned registrations found\n",
      "  [PASS] Duplicate ID Mappings: No duplicate ID mappings found\n",
      `  [PASS] Run ID Match: Run ID matches: ${world.runId}\n`,
      `[4/4] Generating verification report...\n  - Report written to: ${report}\n`,
      `${rule}\n  Verification PASSED\n  Checks: 11 passed, 0 failed, 0 warnings\n  Duration: <ms>\n${rule}\n`,
    ])
      expect(lines).toContain(expected);
    expect(await readFile(report, "utf8")).toContain("# ");
  });

  it("verify writes ./verification-report.md in Markdown when nothing else is asked for", async () => {
    const result = await spawnCli(["verify", "-b", world.bundle, "--config", place.config], { env, cwd: world.folder });
    expect(result.status).toBe(0);
    expect(await readFile(join(world.folder, "verification-report.md"), "utf8")).toMatch(/^# /);
  });
});
