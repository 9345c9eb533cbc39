import { spawn } from "node:child_process";
import { createHash, randomInt } from "node:crypto";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath, pathToFileURL } from "node:url";
import { openVault } from "@runback/vault";
import { afterEach, beforeEach, expect, test } from "vitest";

const SCRIPT = fileURLToPath(new URL("put-forever.ts", import.meta.url));
const KILLS = process.env.RUNBACK_DEEP === "1" ? 100 : 10;

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "runback-kill-"));
});
afterEach(async () => {
  await rm(root, { recursive: true });
});

/** Lets a process put objects and kills it with SIGKILL right after its n-th line. @returns the keys it had reported as stored */
async function putAndKill(url: string, lines: number): Promise<string[]> {
  const child = spawn(process.execPath, [SCRIPT, url], { stdio: ["ignore", "pipe", "inherit"] });
  const done: string[] = [];
  const exited = new Promise<NodeJS.Signals | null>((resolve) => child.once("exit", (_, signal) => resolve(signal)));
  let seen = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    seen += 1;
    if (line.startsWith("done ")) done.push(line.slice(5));
    if (seen === lines) child.kill("SIGKILL");
  }
  expect(await exited, `the process was to be killed after line ${lines} of ${seen}`).toBe("SIGKILL");
  return done;
}

test(`${KILLS} times kill -9 in the middle of a put: what is visible is whole, what was reported is there`, async () => {
  const url = pathToFileURL(root).href;
  const stored = new Set<string>();
  let interrupted = 0;
  for (let kill = 0; kill < KILLS; kill++) {
    const lines = randomInt(1, 160);
    const done = await putAndKill(url, lines);
    for (const key of done) stored.add(key);
    interrupted += (await readdir(join(root, "objects"))).filter((name) => name.startsWith(".runback-tmp-")).length;
    const vault = await openVault(url);
    const visible = new Set<string>();
    for await (const { key, bytes } of vault.list("")) {
      visible.add(key);
      const hash = createHash("sha256");
      for await (const chunk of vault.get(key)) hash.update(chunk);
      expect(key.endsWith(hash.digest("hex")), `killed after line ${lines}: ${key} has ${bytes} bytes`).toBe(true);
    }
    for (const key of stored) expect(visible, `killed after line ${lines}`).toContain(key);
  }
  // The kills did hit unfinished writes: their files are there, and no listing showed them.
  expect(interrupted).toBeGreaterThan(0);
});
