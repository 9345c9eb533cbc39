import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { jsonOf } from "./cli-result.ts";
import { writeConfig } from "./config-file.ts";
import { runCli } from "./in-process.ts";
import { spawnCli } from "./spawn-cli.ts";

let folder: string;
let config: string;
const nowhere = "postgres://alice:sesame@127.0.0.1:9/nowhere";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "runback-cli-"));
  config = await writeConfig(folder, { targets: { production: { urlFrom: "PRODUCTION_URL", protected: true } } });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const place = () => ({ config, databaseUrl: nowhere, vaultUrl: `file://${folder}/vault` });
interface Failure {
  readonly error: { readonly code: string; readonly message: string; readonly recovery: string };
}

describe("an error", () => {
  const cases: readonly { readonly what: string; readonly args: string[]; readonly code: string }[] = [
    { what: "an unknown command", args: ["migrate"], code: "USAGE" },
    { what: "an unknown option", args: ["import", "--sauce", "x"], code: "USAGE" },
    { what: "a missing argument", args: ["rollback"], code: "USAGE" },
    { what: "a missing required option", args: ["verify"], code: "USAGE" },
    { what: "an option without its value", args: ["verify", "--bundle"], code: "USAGE" },
    { what: "a choice that is none", args: ["verify", "-b", "x", "-f", "pdf"], code: "USAGE" },
    { what: "a policy that is none", args: ["rollback", "run-1", "--on-conflict", "maybe"], code: "USAGE" },
    { what: "a number that is none", args: ["runs", "--limit", "many"], code: "USAGE" },
    { what: "a surplus argument", args: ["init", "twice"], code: "USAGE" },
    { what: "an unknown target", args: ["runs", "--target", "staging"], code: "TARGET_UNKNOWN" },
    { what: "a target without an address", args: ["runs", "--target", "production"], code: "TARGET_URL_MISSING" },
    { what: "a database that does not answer", args: ["runs"], code: "TARGET_UNREACHABLE" },
  ];

  it.each(cases)("is one document with --json, and exits with 2: $what", async ({ args, code }) => {
    const result = await runCli(place(), [...args, "--json"]);
    const { error } = jsonOf<Failure>(result);
    expect({ status: result.status, code: error.code }).toEqual({ status: 2, code });
    expect(error.message).not.toBe("");
    expect(error.recovery).not.toBe("");
    expect(JSON.stringify(result)).not.toContain("sesame");
  });

  it.each(cases)("is two lines on stderr for people: $what", async ({ args, code }) => {
    const result = await runCli(place(), args);
    expect(result).toMatchObject({ status: 2, stdout: "" });
    const lines = result.stderr.split("\n");
    expect(lines).toHaveLength(3);
    expect(lines[0]).toMatch(new RegExp(`^error ${code}: .`));
    expect(lines[1]).not.toBe("");
    expect(result.stderr).not.toContain("sesame");
  });

  it("says which configuration is missing or broken", async () => {
    const broken = join(folder, "broken.config.ts");
    await writeFile(broken, "export default {}");
    const wrong = join(folder, "wrong.config.ts");
    await writeFile(wrong, "export default {");
    const codes = [];
    for (const file of [join(folder, "none.ts"), broken, wrong]) {
      const { status, stdout } = await spawnCli(["runs", "--json", "--config", file]);
      codes.push([status, (JSON.parse(stdout) as Failure).error.code]);
    }
    expect(codes).toEqual([
      [2, "CONFIG_NOT_FOUND"],
      [2, "CONFIG_INVALID"],
      [2, "CONFIG_INVALID"],
    ]);
  });

  it("refuses a source, a database and a vault of a kind it does not know", async () => {
    const at = { ...place(), databaseUrl: inject("postgresUrl") };
    const code = async (given: typeof at, ...args: string[]) =>
      jsonOf<Failure>(await runCli(given, [...args, "--json"])).error.code;
    expect(await code(at, "import", "--dry-run", "--source", "wildapricot://account")).toBe("SOURCE_UNSUPPORTED");
    expect(await code({ ...at, databaseUrl: "oracle://alice:sesame@db/x" }, "runs")).toBe("TARGET_URL_INVALID");
    expect(await code({ ...at, vaultUrl: "ftp://alice:sesame@vault/x" }, "runs")).toBe("VAULT_URL_INVALID");
  });

  it("never prints a password, whatever fails", async () => {
    for (const databaseUrl of [
      nowhere,
      "oracle://alice:sesame@db/x",
      inject("postgresUrl")
        .replace("://", "://nobody:sesame@")
        .replace(/sesame@[^@/]*@/, "sesame@"),
    ]) {
      for (const args of [["runs"], ["init", "--json"], ["import", "--dry-run"]]) {
        const result = await runCli({ ...place(), databaseUrl }, args);
        expect(result.status).toBe(2);
        expect(`${result.stdout}${result.stderr}`).not.toContain("sesame");
      }
    }
  });
});

describe("--help", () => {
  const commands = [
    [],
    ["init"],
    ["import"],
    ["runs"],
    ["runs", "show"],
    ["verify"],
    ["rollback"],
    ["bundle"],
    ["bundle", "verify"],
    ["approve"],
    ["token"],
    ["start"],
  ];
  it.each(commands.map((command) => ({ command })))("exits with 0 and says how: $command", async ({ command }) => {
    const result = await runCli(place(), [...command, "--help"]);
    expect(result).toMatchObject({ status: 0, stderr: "" });
    expect(result.stdout).toMatch(/^Usage: runback/);
    expect(result.stdout).toContain(command.join(" "));
  });

  it("a process without a command says what there is, and exits with 2", async () => {
    const result = await spawnCli([]);
    expect(result.status).toBe(2);
    expect(result.stderr).toContain("rollback");
    expect(result.stdout).toBe("");
  });
});
