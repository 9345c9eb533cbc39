import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openServerLog } from "./server-log.ts";

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "runback-log-"));
  path = join(folder, "embedded.log");
});
afterEach(() => rmSync(folder, { recursive: true }));

test("what was said since a mark is told, older words are not", () => {
  const log = openServerLog(path);
  log.note("an earlier start");
  const mark = log.mark();
  expect(log.since(mark)).toBe("");
  log.note("this one");
  expect(log.since(mark)).toMatch(/^\d{4}-.*Z \[\d+\] supervisor: this one\n$/);
  for (let line = 0; line < 1_000; line++) log.note(`line ${line} of many`);
  expect(log.since(mark)).toHaveLength(8 * 1024);
  expect(log.since(mark)).toContain("line 999 of many");
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

test("a log over 5 MiB is moved aside when it is opened, a smaller one goes on", () => {
  writeFileSync(path, "x".repeat(5 * 1024 * 1024));
  openServerLog(path).note("goes on");
  expect(statSync(path).size).toBeGreaterThan(5 * 1024 * 1024);
  openServerLog(path).note("begins anew");
  expect(statSync(path).size).toBeLessThan(200);
  expect(readFileSync(`${path}.1`, "utf8")).toContain("goes on");
});
