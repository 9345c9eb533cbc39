import { chownSync, cpSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  holdEmbedded,
  homeOf,
  postmasterPid,
  query,
  refusedEmbedded,
  scratchFolder,
  serverProcesses,
} from "../../../../test/support/embedded-clients.ts";
import { serverAccount } from "./account.ts";
import { acquireEmbedded } from "./acquire.ts";
import { execute } from "./execute.ts";

const ROOT = process.getuid?.() === 0;
const REPOSITORY = new URL("../../../..", import.meta.url).pathname;
/** The account that stands for an ordinary user when the tests run as root. */
const ordinary = serverAccount();
const entered = await execute("/bin/sh", ["-c", 'cd -- "$1"', "sh", REPOSITORY], {
  account: ordinary,
  timeoutMs: 10_000,
});

let scratch: ReturnType<typeof scratchFolder>;
let directory: string;
beforeEach(() => {
  scratch = scratchFolder();
  directory = join(scratch.path, ".runback");
});
afterEach(() => scratch.clean(directory));

/** Uids of the processes of the server. */
function ownersOf(pids: number[]): number[] {
  return [...new Set(pids.map((pid) => statSync(`/proc/${pid}`).uid))];
}

test("an ordinary user is the server's account, root is not", () => {
  if (ROOT) expect(ordinary?.uid).toBeGreaterThan(0);
  else expect(ordinary).toBeUndefined();
});

describe.runIf(ROOT)("as root", () => {
  test("in a folder closed to others the data lies elsewhere, and no mode of the user's folders changes", async () => {
    expect(statSync(scratch.path).mode & 0o777).toBe(0o700);
    const first = await acquireEmbedded({ directory });
    const home = homeOf(directory);
    expect(home.startsWith(scratch.path)).toBe(false);
    expect(statSync(home).mode & 0o777).toBe(0o711);
    expect(statSync(join(home, "postgres")).mode & 0o777).toBe(0o700);
    expect(statSync(join(home, "postgres")).uid).toBe(ordinary?.uid);
    if (process.platform === "linux") expect(ownersOf(serverProcesses(directory))).toEqual([ordinary?.uid]);
    await query(first.url, "CREATE TABLE kept AS SELECT 42 AS number");
    await first.release();
    await using second = await acquireEmbedded({ directory });
    expect(second.url).toBe(first.url);
    expect(homeOf(directory)).toBe(home);
    expect(await query(second.url, "SELECT number FROM kept")).toEqual([{ number: 42 }]);
    expect(statSync(scratch.path).mode & 0o777).toBe(0o700);
    expect(readdirSync(scratch.path)).toEqual([".runback"]);
  });

  test("a copy of a directory in use, whose data lies elsewhere, is refused and leaves the original alone", async () => {
    await using original = await acquireEmbedded({ directory });
    const copy = join(scratch.path, "copy");
    cpSync(directory, copy, { recursive: true });
    expect(await refusedEmbedded(copy)).toMatchObject({
      code: "EMBEDDED_START_FAILED",
      message: expect.stringContaining("in use by another copy"),
    });
    expect(await query(original.url, "SELECT 1 AS one")).toEqual([{ one: 1 }]);
  });

  test("in a folder open to others the data lies in it", async () => {
    const open = mkdtempSync("/var/tmp/runback-open-");
    const within = join(open, "clone", ".runback");
    try {
      await execute("chmod", ["755", open], { timeoutMs: 10_000 });
      await using lease = await acquireEmbedded({ directory: within });
      expect(await query(lease.url, "SELECT 1 AS one")).toEqual([{ one: 1 }]);
      expect(homeOf(within)).toBe(within);
      expect(statSync(join(within, "postgres")).uid).toBe(ordinary?.uid);
      expect(statSync(within).mode & 0o777).toBe(0o711);
    } finally {
      scratch.clean(within);
      rmSync(open, { recursive: true, force: true });
    }
  });
});

// Needs a repository that the ordinary account can read.
describe.runIf(ROOT && entered.code === 0)("as root in the folder of an ordinary user", () => {
  test("the server is the user's: both can use it, at once and by turns", async () => {
    const clone = mkdtempSync("/var/tmp/runback-user-");
    const theirs = join(clone, ".runback");
    chownSync(clone, ordinary!.uid, ordinary!.gid);
    try {
      const root = await acquireEmbedded({ directory: theirs });
      const user = await holdEmbedded(theirs, ordinary);
      expect(user.url).toBe(root.url);
      await query(root.url, "CREATE TABLE kept AS SELECT 42 AS number");
      await user.release();
      await root.release();
      for (const name of readdirSync(theirs)) {
        expect([name, statSync(join(theirs, name)).uid]).toEqual([name, ordinary?.uid]);
      }
      const alone = await holdEmbedded(theirs, ordinary);
      expect(homeOf(theirs)).toBe(theirs);
      expect(await query(alone.url, "SELECT number FROM kept")).toEqual([{ number: 42 }]);
      if (process.platform === "linux") expect(ownersOf([postmasterPid(theirs)])).toEqual([ordinary?.uid]);
      expect(await alone.release()).toBe(0);
      expect(serverProcesses(theirs)).toEqual([]);
    } finally {
      scratch.clean(theirs);
      rmSync(clone, { recursive: true, force: true });
    }
  });

  test("an ordinary user, with nobody else about, has data, log and configuration in the directory", async () => {
    const clone = mkdtempSync("/var/tmp/runback-user-");
    const theirs = join(clone, ".runback");
    chownSync(clone, ordinary!.uid, ordinary!.gid);
    try {
      const client = await holdEmbedded(theirs, ordinary);
      expect(await query(client.url, "SELECT 1 AS one")).toEqual([{ one: 1 }]);
      expect(homeOf(theirs)).toBe(theirs);
      expect(await client.release()).toBe(0);
    } finally {
      scratch.clean(theirs);
      rmSync(clone, { recursive: true, force: true });
    }
  });
});
