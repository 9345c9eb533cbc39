import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { scratchInMemory } from "./scratch-in-memory.ts";

let memory: string;
beforeEach(() => {
  memory = mkdtempSync(join(tmpdir(), "runback-memory-"));
  vi.stubEnv("TMPDIR", undefined);
  vi.stubEnv("RUNBACK_DEEP", undefined);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(memory, { recursive: true });
});

const roomy = () => vi.spyOn(process, "availableMemory").mockReturnValue(16 * 2 ** 30);

test("a run's temporary files are in a folder of its own, which goes with it", () => {
  using _ = roomy();
  const remove = scratchInMemory(memory);
  const folder = tmpdir();
  // Less than 6 GiB free on this disk: then nothing was done, which the next test asks for.
  if (folder.startsWith(memory)) {
    mkdirSync(join(folder, "left", "over"), { recursive: true });
    expect(readdirSync(memory)).toHaveLength(1);
  }
  remove();
  expect(existsSync(join(folder, "left"))).toBe(false);
  expect(readdirSync(memory)).toEqual([]);
  expect(process.env.TMPDIR).toBeUndefined();
});

test("stays on the disk where memory is short, in the deep run, and where somebody chose a folder", () => {
  {
    using _ = vi.spyOn(process, "availableMemory").mockReturnValue(7 * 2 ** 30);
    scratchInMemory(memory);
  }
  using _ = roomy();
  scratchInMemory(join(memory, "absent"));
  vi.stubEnv("RUNBACK_DEEP", "1");
  scratchInMemory(memory);
  vi.stubEnv("RUNBACK_DEEP", undefined);
  vi.stubEnv("TMPDIR", memory);
  scratchInMemory(memory);
  expect(process.env.TMPDIR).toBe(memory);
  expect(readdirSync(memory)).toEqual([]);
});

test("removes what killed runs left, and nothing of a run that goes on or has just begun", () => {
  using _ = roomy();
  const dead = 2 ** 22 + 1;
  const names = [`runback-tests-${dead}-old`, `runback-tests-${dead}-new`, `runback-tests-${process.pid}-old`, "other"];
  for (const name of names) mkdirSync(join(memory, name));
  for (const name of [names[0]!, names[2]!, names[3]!]) utimesSync(join(memory, name), 0, 0);
  scratchInMemory(memory)();
  expect(readdirSync(memory).sort()).toEqual([names[1]!, names[2]!, names[3]!].sort());
});
