import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { jsonOf } from "../../cli/cli-result.ts";
import { writeConfig } from "../../cli/config-file.ts";
import { type CliPlace, runCli } from "../../cli/in-process.ts";
import { sampleWorld, type Target, type World } from "../support/world.ts";

interface Mapping {
  waId: string;
  murmurantId: string;
}
interface Entity extends Record<string, unknown> {
  parsed: number;
  created: number;
}
/** The report, loosely: these tests break it. */
interface Report extends Record<string, unknown> {
  members: Entity;
  events: Entity;
  idMapping: { members: Mapping[]; events: Mapping[] };
}

let world: World;
let target: Target;
let place: CliPlace;
let original: string;
beforeAll(async () => {
  world = await sampleWorld();
  target = await world.clone();
  place = { config: await writeConfig(world.folder), databaseUrl: target.url, vaultUrl: world.vaultUrl };
  original = await readFile(join(world.bundle, "migration-report.json"), "utf8");
});
afterAll(async () => {
  await target[Symbol.asyncDispose]();
  await world[Symbol.asyncDispose]();
});

/** A bundle as another tool leaves it: the report, and no hashes that would give the change away. */
async function bundleOf(report: string): Promise<string> {
  const bundle = await mkdtemp(join(world.folder, "refused-"));
  await writeFile(join(bundle, "migration-report.json"), report);
  return bundle;
}

async function refused(bundle: string, at = place) {
  const output = join(world.folder, "never-written.md");
  const result = await runCli(at, ["verify", "--bundle", bundle, "--output", output, "--json"]);
  expect(result.status).toBe(2);
  await expect(readFile(output)).rejects.toThrow("ENOENT");
  return jsonOf<{ error: { code: string; message: string; recovery: string } }>(result).error;
}

const broken: readonly { readonly rule: string; readonly says: string; readonly spoil: (report: Report) => void }[] = [
  { rule: "no run id", says: "runId", spoil: (report) => delete report.runId },
  { rule: "an empty run id", says: "runId", spoil: (report) => Object.assign(report, { runId: "" }) },
  { rule: "no start", says: "startedAt", spoil: (report) => delete report.startedAt },
  {
    rule: "a start that is no time",
    says: "startedAt",
    spoil: (report) => Object.assign(report, { startedAt: "yesterday" }),
  },
  {
    rule: "an end that is no time",
    says: "completedAt",
    spoil: (report) => Object.assign(report, { completedAt: "2026-02-30T00:00:00Z" }),
  },
  {
    rule: "an end before the start",
    says: "before startedAt",
    spoil: (report) =>
      Object.assign(report, { startedAt: "2026-01-02T00:00:00Z", completedAt: "2026-01-01T00:00:00Z" }),
  },
  { rule: "no word on dry or live", says: "dryRun", spoil: (report) => delete report.dryRun },
  { rule: "an entity missing", says: "members", spoil: (report) => Reflect.deleteProperty(report, "members") },
  {
    rule: "a negative count",
    says: "created",
    spoil: ({ members }) => Object.assign(members, { created: -1, updated: members.created + 1 }),
  },
  {
    rule: "a count that is half a row",
    says: "created",
    spoil: ({ members }) => Object.assign(members, { created: 1.5 }),
  },
  { rule: "a count that is text", says: "parsed", spoil: ({ members }) => Object.assign(members, { parsed: "400" }) },
  { rule: "a sum that does not hold", says: "parsed", spoil: ({ members }) => members.created-- },
  {
    rule: "a source id mapped twice",
    says: "mapped twice",
    spoil: ({ idMapping }) => Object.assign(idMapping.members[1]!, { waId: idMapping.members[0]!.waId }),
  },
  {
    rule: "two source ids mapped to one row",
    says: "one row",
    spoil: ({ idMapping }) => Object.assign(idMapping.events[1]!, { murmurantId: idMapping.events[0]!.murmurantId }),
  },
  {
    rule: "an empty source id",
    says: "waId",
    spoil: ({ idMapping }) => Object.assign(idMapping.members[0]!, { waId: "" }),
  },
  {
    rule: "an empty target id",
    says: "murmurantId",
    spoil: ({ idMapping }) => Object.assign(idMapping.members[0]!, { murmurantId: "" }),
  },
  {
    rule: "a mapping without a record",
    says: "401 mappings for 400 records",
    spoil: ({ idMapping }) => idMapping.members.push({ waId: "x", murmurantId: "y" }),
  },
];

describe("a bundle that cannot be verified", () => {
  it("is not refused when nothing is wrong with it", async () => {
    const output = join(world.folder, "fine.json");
    // Under another run's name, since the target remembers that this run's bundle had hashes.
    const report = original.replace(world.runId, "run-of-another-tool");
    const result = await runCli(place, ["verify", "-b", await bundleOf(report), "-o", output, "-f", "json"]);
    expect(result.status).toBe(0);
    expect(JSON.parse(await readFile(output, "utf8"))).toMatchObject({ passed: true, runId: "run-of-another-tool" });
  });

  it.each(broken)("is refused: $rule", async ({ says, spoil }) => {
    const report = JSON.parse(original) as Report;
    spoil(report);
    const error = await refused(await bundleOf(JSON.stringify(report)));
    expect(error.code).toBe("BUNDLE_INVALID");
    expect(error.message).toContain(says);
    expect(error.recovery).not.toBe("");
  });

  it("is refused: it is not there", async () => {
    expect((await refused(join(world.folder, "nowhere"))).code).toBe("BUNDLE_NOT_FOUND");
    expect((await refused("run-20200101-000000-abcdef")).code).toBe("BUNDLE_NOT_FOUND");
  });

  it("is refused: it is a file", async () => {
    const file = join(world.folder, "a-file");
    await writeFile(file, original);
    expect((await refused(file)).code).toBe("BUNDLE_NOT_FOUND");
  });

  it("is refused: the report is missing, a folder, not JSON, cut short, or not UTF-8", async () => {
    const empty = await bundleOf(original);
    await rm(join(empty, "migration-report.json"));
    expect((await refused(empty)).code).toMatch(/^BUNDLE_(INVALID|NOT_FOUND)$/);
    await mkdir(join(empty, "migration-report.json"));
    expect((await refused(empty)).code).toMatch(/^BUNDLE_(INVALID|NOT_FOUND)$/);
    expect(await refused(await bundleOf("# Report"))).toMatchObject({ code: "BUNDLE_INVALID" });
    expect(await refused(await bundleOf(original.slice(0, -10)))).toMatchObject({ code: "BUNDLE_INVALID" });
    expect(await refused(await bundleOf("null"))).toMatchObject({ code: "BUNDLE_INVALID" });
    const latin1 = await bundleOf("");
    await writeFile(join(latin1, "migration-report.json"), Buffer.from(original.replace("csv", "é"), "latin1"));
    expect(await refused(latin1)).toMatchObject({ code: "BUNDLE_INVALID" });
  });

  it("is refused: it is of a dry run, as a folder and by its run id", async () => {
    const folder = join(world.folder, "dry");
    const dry = await target.import(world.source, { dryRun: true, bundleFolder: folder });
    expect((await refused(folder)).code).toBe("BUNDLE_DRY_RUN");
    expect((await refused(dry.runId)).code).toBe("BUNDLE_DRY_RUN");
  });

  it("is refused: the database does not answer, does not exist, or has none of the tables", async () => {
    const nobody = { ...place, databaseUrl: "postgres://alice:sesame@127.0.0.1:9/nowhere" };
    const error = await refused(world.bundle, nobody);
    expect(error.code).toBe("TARGET_UNREACHABLE");
    expect(JSON.stringify(error)).not.toContain("sesame");
    const url = new URL(target.url);
    url.pathname = "/no_such_database";
    expect((await refused(world.bundle, { ...place, databaseUrl: url.href })).code).toBe("TARGET_REFUSED");
    url.pathname = "/postgres";
    expect((await refused(world.bundle, { ...place, databaseUrl: url.href })).code).toBe("TABLE_MISSING");
  });
});
