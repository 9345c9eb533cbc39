import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { jsonOf } from "../../cli/cli-result.ts";
import { writeConfig } from "../../cli/config-file.ts";
import { type CliPlace, runCli } from "../../cli/in-process.ts";
import { sampleWorld, type Target, type World } from "../support/world.ts";

const files = [
  "SHA256SUMS",
  "id-map.json",
  "migration-config.json",
  "migration-report.json",
  "policy-bundle.json",
  "row-digests/Event.json",
  "row-digests/Member.json",
  "row-digests/Registration.json",
  "row-digests/WaIdMapping.json",
];

let world: World;
let target: Target;
let place: CliPlace;
beforeAll(async () => {
  world = await sampleWorld();
  target = await world.clone();
  place = { config: await writeConfig(world.folder), databaseUrl: target.url, vaultUrl: world.vaultUrl };
});
afterAll(async () => {
  await target[Symbol.asyncDispose]();
  await world[Symbol.asyncDispose]();
});

interface Report {
  readonly passed: boolean;
  readonly checks: readonly { id: string; passed: boolean; severity: string; message: string }[];
}

async function verify(bundle: string) {
  const output = join(world.folder, "report.md");
  const result = await runCli(place, ["verify", "-b", bundle, "-o", output, "--json"]);
  return { ...result, report: jsonOf<Report>(result) };
}

const failed = ({ checks }: Report) => checks.filter((check) => !check.passed && check.severity === "error");

describe("verification of a bundle that was tampered with", () => {
  it("passes before, and the bundle is these files", async () => {
    const found = await readdir(world.bundle, { recursive: true });
    expect(found.filter((name) => name !== "row-digests").sort()).toEqual(files);
    const { status, report } = await verify(world.bundle);
    expect(failed(report)).toEqual([]);
    expect(status).toBe(0);
  });

  it.each(files)("fails after one byte changed in %s", async (name) => {
    const bundle = await world.copyBundle();
    const path = join(bundle, name);
    const bytes = await readFile(path);
    // A digit stays a digit, so that the file still reads as what it is and only its hash can tell.
    const at = bytes.findLastIndex((byte) => byte >= 0x30 && byte <= 0x38);
    bytes[at]!++;
    await writeFile(path, bytes);
    const { status, report } = await verify(bundle);
    expect(status).toBe(1);
    expect(failed(report).map((check) => check.id)).toContain("bundle-integrity");
    const integrity = report.checks.find((check) => check.id === "bundle-integrity");
    if (name !== "SHA256SUMS") expect(integrity?.message).toContain(name);
  });

  it.each(files)("fails after %s was removed", async (name) => {
    const bundle = await world.copyBundle();
    await rm(join(bundle, name));
    const output = join(world.folder, "report.md");
    const result = await runCli(place, ["verify", "-b", bundle, "-o", output, "--json"]);
    if (name === "migration-report.json") {
      expect(result.status).toBe(2);
      expect(jsonOf(result)).toMatchObject({ error: { code: "BUNDLE_INVALID" } });
      return;
    }
    expect(result.status).toBe(1);
    expect(failed(jsonOf<Report>(result)).map((check) => check.id)).toContain("bundle-integrity");
  });

  it("fails when content and hashes were both forged: the run recorded another bundle", async () => {
    const bundle = await world.copyBundle();
    const { createHash } = await import("node:crypto");
    const report = (await readFile(join(bundle, "migration-report.json"), "utf8")).replace(
      '"dryRun": false',
      '"dryRun":  false',
    );
    await writeFile(join(bundle, "migration-report.json"), report);
    const sums = await readFile(join(bundle, "SHA256SUMS"), "utf8");
    const forged = createHash("sha256").update(report).digest("hex");
    await writeFile(
      join(bundle, "SHA256SUMS"),
      sums.replace(/^[0-9a-f]{64}( [ *]migration-report.json)$/m, `${forged}$1`),
    );
    const { status, report: verified } = await verify(bundle);
    expect(status).toBe(1);
    expect(failed(verified)).toMatchObject([
      { id: "bundle-integrity", message: "The bundle is not the one this run recorded" },
    ]);
  });

  it("fails when a file that verification reads was planted beside the hashed ones", async () => {
    const bundle = await world.copyBundle();
    await writeFile(join(bundle, "row-digests/Planted.json"), "{}");
    const { status, report } = await verify(bundle);
    expect(status).toBe(1);
    expect(failed(report).map((check) => check.id)).toEqual(["bundle-integrity"]);
  });

  it("passes with a report that somebody saved beside it", async () => {
    const bundle = await world.copyBundle();
    await writeFile(join(bundle, "verification-report.md"), "# Report");
    expect((await verify(bundle)).status).toBe(0);
  });
});
