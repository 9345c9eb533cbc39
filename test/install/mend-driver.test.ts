import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";

const script = fileURLToPath(new URL("../../scripts/mend-driver.mjs", import.meta.url));
const installed = fileURLToPath(new URL("../../node_modules/postgres/", import.meta.url));

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "runback-mend-"));
  mkdirSync(join(folder, "scripts"));
  cpSync(script, join(folder, "scripts/mend-driver.mjs"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const mend = () => spawnSync(process.execPath, [join(folder, "scripts/mend-driver.mjs")], { encoding: "utf8" });
const builds = ["src/connection.js", "cjs/src/connection.js"];

test("where the driver is not installed there is nothing to mend, and that is said", () => {
  expect(mend()).toMatchObject({ status: 0, stderr: expect.stringContaining("nothing was mended") });
});

test("a driver that is not the one it knows ends the install with a line that says where to look", () => {
  mkdirSync(join(folder, "node_modules/postgres"), { recursive: true });
  const { status, stderr } = mend();
  expect([status, stderr.trim().split("\n").length]).toEqual([1, 1]);
  expect(stderr).toContain("issue 1208");
});

test("a driver as it is published is mended once, in both of its builds", () => {
  const mended = builds.map((build) => readFileSync(join(installed, build), "utf8"));
  for (const [at, build] of builds.entries()) {
    const file = join(folder, "node_modules/postgres", build);
    mkdirSync(join(file, ".."), { recursive: true });
    const [before, after] = mended[at]!.split(/ {4}if \(socket === null\) \{ \/\/ runback\n[^}]*\}\n/);
    expect(after, "the driver of this install is mended").toBeDefined();
    writeFileSync(file, `${before}${after}`);
  }
  for (let time = 0; time < 2; time++) {
    expect(mend()).toMatchObject({ status: 0, stderr: "" });
    expect(builds.map((build) => readFileSync(join(folder, "node_modules/postgres", build), "utf8"))).toEqual(mended);
  }
});
