import { chmodSync, cpSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import {
  holdEmbedded,
  postmasterPid,
  query,
  scratchFolder,
  supervisorPid,
} from "../../../../test/support/embedded-clients.ts";
import { acquireEmbedded } from "./acquire.ts";
import { connectionUrl, newPassword, readConfig, writeConfig } from "./config.ts";
import { execute } from "./execute.ts";

let folder: string;
let directory: string;
const scratch = scratchFolder();
beforeEach(() => {
  folder = mkdtempSync("/var/tmp/runback-config-");
  // Open, so that the data lies in the directory whoever runs this.
  chmodSync(folder, 0o755);
  directory = join(folder, ".runback");
});
afterEach(() => {
  scratch.clean(directory);
  rmSync(folder, { recursive: true, force: true });
});

test("what was written is read again, and only its owner can", () => {
  expect(readConfig(folder)).toBeUndefined();
  const config = { password: newPassword(), port: 20_000, home: "/var/lib/runback-1" };
  writeConfig(folder, config);
  expect(readConfig(folder)).toEqual(config);
  expect(statSync(join(folder, "embedded.json")).mode & 0o777).toBe(0o600);
  expect(connectionUrl(config)).toBe(`postgres://operator:${config.password}@127.0.0.1:20000/runback`);
});

test.for(["", "{", "null", "[]", '{"password":""}', `{"password":"'; DROP"}`, '{"port":1}'])(
  "a file with %j is damaged, not new",
  (text) => {
    writeFileSync(join(folder, "embedded.json"), text);
    expect(() => readConfig(folder)).toThrow(expect.objectContaining({ code: "EMBEDDED_DAMAGED" }));
  },
);

test("data in the directory is found again when the configuration was deleted", async () => {
  const first = await acquireEmbedded({ directory });
  await query(first.url, "CREATE TABLE kept AS SELECT 42 AS number");
  await first.release();
  rmSync(join(directory, "embedded.json"));
  await using second = await acquireEmbedded({ directory });
  expect(new URL(second.url).password).not.toBe(new URL(first.url).password);
  expect(await query(second.url, "SELECT number FROM kept")).toEqual([{ number: 42 }]);
});

test("so it is when a server that nobody owns still runs on it", async () => {
  const client = await holdEmbedded(directory);
  await query(client.url, "CREATE TABLE kept AS SELECT 42 AS number");
  const orphan = postmasterPid(directory);
  process.kill(supervisorPid(directory)!, "SIGSTOP");
  await client.kill();
  process.kill(supervisorPid(directory)!, "SIGKILL");
  rmSync(join(directory, "embedded.json"));
  await using second = await acquireEmbedded({ directory });
  expect(postmasterPid(directory)).not.toBe(orphan);
  expect(await query(second.url, "SELECT number FROM kept")).toEqual([{ number: 42 }]);
});

test("a copy of a directory in use gets a server of its own on the copied data", async () => {
  await using original = await acquireEmbedded({ directory });
  await query(original.url, "CREATE TABLE kept AS SELECT 42 AS number");
  await query(original.url, "CHECKPOINT");
  const copy = join(folder, "copy");
  // The copy of a folder as most programs make it: open to others, and with the contact of the original's supervisor.
  cpSync(directory, copy, { recursive: true });
  const { uid, gid } = statSync(join(directory, "postgres"));
  await execute("chown", ["-R", `${uid}:${gid}`, join(copy, "postgres")], { timeoutMs: 10_000 });
  try {
    await using other = await acquireEmbedded({ directory: copy });
    expect(other.url).not.toBe(original.url);
    expect(postmasterPid(copy)).not.toBe(postmasterPid(directory));
    await query(other.url, "UPDATE kept SET number = 43");
    expect(await query(original.url, "SELECT number FROM kept")).toEqual([{ number: 42 }]);
  } finally {
    scratch.clean(copy);
  }
});
