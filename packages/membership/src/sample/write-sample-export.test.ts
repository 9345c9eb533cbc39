import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { RunbackError } from "@runback/core";
import { parse as parseStream } from "csv-parse";
import { parse } from "csv-parse/sync";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { eventColumns, eventRows } from "./events.ts";
import { type SampleOptions, sampleSize } from "./export-options.ts";
import { memberColumns, memberRows } from "./members.ts";
import { registrationColumns, registrationRows } from "./registrations.ts";
import { writeSampleExport } from "./write-sample-export.ts";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "runback-sample-"));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

/** Runs a script that imports the writer as `writeSampleExport`, in a process of its own; returns what it printed. */
async function inOwnProcess(flags: string[], env: Record<string, string>, script: string): Promise<string> {
  const module = new URL("./write-sample-export.ts", import.meta.url).href;
  const source = `import { writeSampleExport } from ${JSON.stringify(module)};\n${script}`;
  const args = [...flags, "--input-type=module", "--eval", source];
  const { stdout } = await promisify(execFile)(process.execPath, args, { env: { ...process.env, ...env } });
  return stdout;
}

const small: SampleOptions = { members: 40, events: 12, registrations: 100 };
/** Changes only with a deliberate change of the sample: say so in the changelog, since people compare exports. */
const smallHashes = [
  "ac8702caed03975a4ad78925cf3e38b4c3eeb6537b6b76e9933bbd554d30a6ca",
  "e954cf1974dd7b0e4524328b124b7ef95f435177683fd700a3fb0250b40a8224",
  "8bef7c33ba384723d6ecaa048a5ed8bdb1aa7225ee5211ba03b684ca0aa1ef3f",
];

describe("writeSampleExport", () => {
  it("writes the export of the runbook's example by default, as RFC 4180 with CRLF and no byte order mark", async () => {
    const { files } = await writeSampleExport(directory);
    expect(files.map(({ rows }) => rows)).toEqual([2147, 523, 8603]);
    const size = sampleSize({});
    const expected = [
      [memberColumns, ...memberRows(size)],
      [eventColumns, ...eventRows(size)],
      [registrationColumns, ...registrationRows(size)],
    ];
    for (const [index, { path, sha256 }] of files.entries()) {
      const bytes = await readFile(join(directory, path));
      expect(createHash("sha256").update(bytes).digest("hex")).toBe(sha256);
      expect(parse(bytes, { recordDelimiter: "\r\n", bom: false })).toEqual(expected[index]);
      expect(bytes.subarray(-2).toString()).toBe("\r\n");
      expect(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes)).not.toMatch(/\uFEFF|\uFFFD/);
    }
    expect((await readdir(directory, { recursive: true })).filter((name) => name.includes("."))).toHaveLength(3);
  });

  it("writes known bytes", async () => {
    const { files } = await writeSampleExport(directory, small);
    expect(files.map(({ sha256 }) => sha256)).toEqual(smallHashes);
  });

  it.each([
    { TZ: "Pacific/Kiritimati", LANG: "tr_TR.UTF-8", LC_ALL: "tr_TR.UTF-8" },
    { TZ: "America/St_Johns", LANG: "C", LC_ALL: "C" },
  ])("writes the same bytes under $TZ and $LANG, over an earlier export", async (env) => {
    await writeSampleExport(directory, { ...small, seed: 9 });
    const call = `writeSampleExport(${JSON.stringify(directory)}, ${JSON.stringify(small)})`;
    const printed = await inOwnProcess([], env, `console.log(JSON.stringify(await ${call}));`);
    const { files } = JSON.parse(printed) as Awaited<ReturnType<typeof writeSampleExport>>;
    expect(files.map(({ sha256 }) => sha256)).toEqual(smallHashes);
  });

  it("gives another club for another seed", async () => {
    const { files } = await writeSampleExport(directory, { ...small, seed: 203 });
    expect(files.map(({ rows }) => rows)).toEqual([40, 12, 100]);
    for (const [index, { sha256 }] of files.entries()) expect(sha256).not.toBe(smallHashes[index]);
  });

  it("streams 1,000,000 registrations, 76 MB, through a heap of 16 MB", async () => {
    const call = `writeSampleExport(${JSON.stringify(directory)}, { registrations: 1_000_000 })`;
    const flags = ["--max-old-space-size=16", "--max-semi-space-size=2"];
    const script = `await ${call}; console.log(process.resourceUsage().maxRSS);`;
    const peakKilobytes = Number(await inOwnProcess(flags, {}, script));
    expect(peakKilobytes).toBeGreaterThan(0);
    expect(peakKilobytes).toBeLessThan(200_000);
    const pairs = new Set<string>();
    const path = join(directory, "events/wa-registrations-export.csv");
    for await (const record of createReadStream(path).pipe(parseStream({ fromLine: 2 }))) {
      const [, contact, event] = record as string[];
      pairs.add(`${contact} ${event}`);
    }
    expect(pairs.size).toBe(1_000_000);
  });

  it.each<[SampleOptions, string]>([
    [{ members: -1 }, "members"],
    [{ events: 1.5 }, "events"],
    [{ registrations: Number.NaN }, "registrations"],
    [{ seed: 2 ** 60 }, "seed"],
    [{ members: 2, events: 2, registrations: 5 }, "2 events at most 4 times"],
  ])("refuses %o and writes nothing", async (options, part) => {
    const refused = await writeSampleExport(directory, options).catch((thrown: unknown) => thrown);
    expect(refused).toBeInstanceOf(RunbackError);
    expect(refused).toMatchObject({ code: "SAMPLE_OPTIONS", message: expect.stringContaining(part) });
    expect(await readdir(directory)).toEqual([]);
  });
});
