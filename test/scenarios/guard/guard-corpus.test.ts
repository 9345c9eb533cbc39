import { readdirSync } from "node:fs";
import { join } from "node:path";
import { attendeeStatus } from "@runback/attendance";
import { guard, sourceFiles } from "@runback/guard";
import { expect, test } from "vitest";

const corpus = join(import.meta.dirname, "corpus");
const definitions = join(corpus, "definitions");

/** Lines that a snippet marks with `@` in a comment are writes. */
async function check(folder: string, name: string) {
  const path = join(corpus, folder, name);
  const files = await sourceFiles([definitions, path], []);
  const report = await guard(files, {
    cutovers: [{ cutover: attendeeStatus, phase: 4 }],
    now: new Date("2026-11-21T00:00:00Z"),
    revision: { commit: null, dirty: null },
  });
  const marked = files
    .find((file) => file.path === path)!
    .text.split("\n")
    .flatMap((line, at) => (line.includes("/*@*/") ? [at + 1] : []));
  return { report, marked };
}

const writes = readdirSync(join(corpus, "writes"));
const others = readdirSync(join(corpus, "others"));

test("the corpus is large enough, and half and half within reason", () => {
  expect(writes.length + others.length).toBeGreaterThanOrEqual(60);
  expect(Math.min(writes.length, others.length)).toBeGreaterThanOrEqual(30);
});

test.each(writes)("finds the write in %s, on its line", async (name) => {
  const { report, marked } = await check("writes", name);
  expect(marked.length).toBeGreaterThan(0);
  expect(report.findings.map(({ rule, line }) => [rule, line])).toEqual(marked.map((line) => ["legacy-write", line]));
  expect(report.passed).toBe(false);
});

test.each(others)("reports nothing in %s", async (name) => {
  const { report, marked } = await check("others", name);
  expect(marked).toEqual([]);
  expect(report.findings).toEqual([]);
  expect(report.passed).toBe(true);
});
