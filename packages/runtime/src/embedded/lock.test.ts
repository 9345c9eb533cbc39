import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { takeLock } from "./lock.ts";

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "runback-lock-"));
  path = join(folder, "some.lock");
});
afterEach(() => rmSync(folder, { recursive: true }));

test("a lock has one holder, and is free again after release", () => {
  const first = takeLock(path);
  expect(first).toBeDefined();
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(takeLock(path)).toBeUndefined();
  expect(readdirSync(folder)).toEqual(["some.lock"]);
  first?.release();
  const second = takeLock(path);
  expect(second).toBeDefined();
  second?.release();
});

test("a holder keeps it through garbage collection, and loses it by SIGKILL", async () => {
  const source = `
    import { takeLock } from ${JSON.stringify(new URL("./lock.ts", import.meta.url).href)};
    if (!takeLock(${JSON.stringify(path)})) process.exit(1);
    setTimeout(() => { gc(); setTimeout(() => { gc(); console.log("held"); }, 1); }, 1);
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ["--expose-gc", "--input-type=module", "--eval", source], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, NODE_NO_WARNINGS: "1" },
  });
  try {
    expect(String((await once(child.stdout, "data"))[0])).toBe("held\n");
    expect(takeLock(path)).toBeUndefined();
  } finally {
    child.kill("SIGKILL");
    await once(child, "exit");
  }
  const lock = takeLock(path);
  expect(lock).toBeDefined();
  lock?.release();
});

test("a file that cannot be locked is an error, not a lock", () => {
  expect(() => takeLock(join(folder, "absent", "some.lock"))).toThrow(
    expect.objectContaining({ code: "EMBEDDED_START_FAILED" }),
  );
});
