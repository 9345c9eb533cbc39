import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createConnection, createServer } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, expect, inject, test } from "vitest";
import {
  holdEmbedded,
  homeOf,
  openSession,
  postmasterPid,
  query,
  scratchFolder,
  serverProcesses,
  supervisorPid,
} from "../../../../test/support/embedded-clients.ts";
import { acquireEmbedded } from "./acquire.ts";
import { writePrivate } from "./private-file.ts";
import { commandLine, findProcesses } from "./processes.ts";
import { waitUntil } from "./wait-until.ts";

let scratch: ReturnType<typeof scratchFolder>;
let directory: string;
beforeEach(() => {
  scratch = scratchFolder();
  directory = join(scratch.path, ".runback");
});
afterEach(() => scratch.clean(directory));

/** Starts and stops the server once, with a table that later starts have to find. */
async function prepare(): Promise<string> {
  await using lease = await acquireEmbedded({ directory });
  await query(lease.url, "CREATE TABLE kept AS SELECT 42 AS number");
  return lease.url;
}

async function expectKept(url: string): Promise<void> {
  expect(await query(url, "SELECT number FROM kept")).toEqual([{ number: 42 }]);
}

/** Answers with the URL of a server that came back, at most 20 s later. */
async function eventually<T>(attempt: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + 20_000;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (performance.now() > deadline) throw error;
    }
  }
}

const gone = (pid: number) => waitUntil(20_000, () => commandLine(pid) === undefined);
const noServer = () => waitUntil(20_000, () => serverProcesses(directory).length === 0);

test("the server stops when its only client is killed with SIGKILL", async () => {
  await prepare();
  const client = await holdEmbedded(directory);
  const supervisor = supervisorPid(directory);
  await client.kill();
  expect(await gone(supervisor)).toBe(true);
  expect(serverProcesses(directory)).toEqual([]);
  await using again = await acquireEmbedded({ directory });
  await expectKept(again.url);
});

test("the server stays for the others when one client is killed", async () => {
  await prepare();
  const [victim, other] = await Promise.all([holdEmbedded(directory), holdEmbedded(directory)]);
  const postmaster = postmasterPid(directory);
  await victim.kill();
  await using third = await acquireEmbedded({ directory });
  await other.release();
  await expectKept(third.url);
  expect(postmasterPid(directory)).toBe(postmaster);
});

test("a process that ends without releasing is no client any more, and its lease does not keep it from ending", async () => {
  const source = `
    import { acquireEmbedded } from ${JSON.stringify(new URL("./acquire.ts", import.meta.url).href)};
    await acquireEmbedded({ directory: ${JSON.stringify(directory)} });`;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", source], { stdio: "inherit" });
  expect(await once(child, "exit")).toEqual([0, null]);
  expect(await noServer()).toBe(true);
});

test("a killed supervisor is replaced by its clients; the server and its sessions go on, and it stops with the last", async () => {
  await prepare();
  const client = await holdEmbedded(directory);
  const lease = await acquireEmbedded({ directory });
  const session = openSession(lease.url);
  await session`SET application_name = 'survivor'`;
  const first = supervisorPid(directory);
  const postmaster = postmasterPid(directory);
  process.kill(first, "SIGKILL");
  expect(await waitUntil(20_000, () => ![undefined, first].includes(supervisorPid(directory)))).toBe(true);
  const second = await acquireEmbedded({ directory });
  expect(second.url).toBe(lease.url);
  expect(postmasterPid(directory)).toBe(postmaster);
  expect(await session`SHOW application_name`).toEqual([{ application_name: "survivor" }]);
  await second.release();
  await client.release();
  // Both clients have come back: neither the release of one nor of a third took the server from the other.
  expect(await session`SELECT number FROM kept`).toEqual([{ number: 42 }]);
  await session.end();
  await lease.release();
  expect(serverProcesses(directory)).toEqual([]);
});

test("a server orphaned by the death of its supervisor and of all clients is adopted by the next and stopped", async () => {
  const url = await prepare();
  const client = await holdEmbedded(directory);
  const postmaster = postmasterPid(directory);
  process.kill(supervisorPid(directory), "SIGSTOP");
  await client.kill();
  process.kill(supervisorPid(directory), "SIGKILL");
  expect(commandLine(postmaster)).toBeDefined();
  const next = await acquireEmbedded({ directory });
  expect(next.url).toBe(url);
  expect(postmasterPid(directory)).toBe(postmaster);
  await expectKept(next.url);
  await next.release();
  expect(serverProcesses(directory)).toEqual([]);
});

test("a postmaster killed under its clients comes back with its data, although a session goes on computing", async () => {
  await prepare();
  await using lease = await acquireEmbedded({ directory });
  const busy = openSession(lease.url);
  const [row] = await busy`SELECT pg_backend_pid() AS pid`;
  const endless = busy`DO $$ BEGIN LOOP END LOOP; END $$`.then(
    () => "ended",
    () => "cut",
  );
  const killed = postmasterPid(directory);
  process.kill(killed, "SIGKILL");
  expect(await endless).toBe("cut");
  expect(commandLine(Number(row?.pid))).toBeUndefined();
  await eventually(() => expectKept(lease.url));
  expect(postmasterPid(directory)).not.toBe(killed);
  await busy.end({ timeout: 0 });
});

test("supervisor, postmaster and client killed at once leave nothing in the way", async () => {
  const url = await prepare();
  const client = await holdEmbedded(directory);
  await query(client.url, "INSERT INTO kept VALUES (43)");
  const pids = [supervisorPid(directory), postmasterPid(directory)];
  for (const pid of pids) process.kill(pid, "SIGKILL");
  await client.kill();
  const next = await acquireEmbedded({ directory });
  expect(next.url).toBe(url);
  expect(await query(next.url, "SELECT number FROM kept ORDER BY 1")).toEqual([{ number: 42 }, { number: 43 }]);
  await next.release();
  expect(serverProcesses(directory)).toEqual([]);
});

// The last moment is when the server is ready: from there on the kill of the supervisor makes an orphan.
const milestones = ["embedded.lock", "supervisor.json", "embedded.json", "postgres.new-", "postgres", "postmaster.pid"];
const today = Date.now() % 3;

// A third of them for every day, whichever its turn is; all in the deep run.
test.for(milestones.filter((_, at) => process.env.RUNBACK_DEEP || at % 3 === today))(
  "a supervisor killed in the very first start, as soon as %s is there, leaves nothing in the way",
  async (milestone) => {
    const attempt = holdEmbedded(directory);
    const reached = await waitUntil(20_000, () => firstSupervisor() !== undefined && exists(milestone));
    expect(reached).toBe(true);
    process.kill(firstSupervisor()!, "SIGKILL");
    // Its client starts another one by itself.
    const client = await attempt;
    await query(client.url, "CREATE TABLE kept AS SELECT 42 AS number");
    await client.kill();
    await using lease = await acquireEmbedded({ directory });
    expect(lease.url).toBe(client.url);
    await expectKept(lease.url);
    expect(readdirSync(homeOf(directory)).filter((name) => name.startsWith("postgres."))).toEqual([]);
  },
);

function firstSupervisor(): number | undefined {
  return findProcesses((text) => text.includes(`supervisor.ts ${directory} `))[0];
}

function exists(name: string): boolean {
  const home = homeOf(directory);
  const places = [directory, home, join(home, "postgres")].filter((place) => existsSync(place));
  return places.some((place) => readdirSync(place).some((entry) => entry.startsWith(name)));
}

test("files of a dead supervisor whose port and process id others have now are of no effect", async () => {
  const url = await prepare();
  const heard: string[] = [];
  const stranger = createServer((socket) => {
    socket.on("data", (chunk) => heard.push(chunk.toString()));
    socket.on("error", () => {});
  });
  await new Promise<void>((resolve) => stranger.listen(0, "127.0.0.1", resolve));
  const { port } = stranger.address() as { port: number };
  const secret = "0f".repeat(32);
  writePrivate(join(directory, "supervisor.json"), { pid: process.pid, port, secret });
  // A process of the same account, also named postgres, is what a reboot may well put under the id.
  const elsewhere = openSession(inject("postgresUrl"));
  const [other] = await elsewhere`SELECT pg_backend_pid() AS pid`;
  const pidFile = join(homeOf(directory), "postgres", "postmaster.pid");
  writeFileSync(pidFile, `${other?.pid}\n${join(homeOf(directory), "postgres")}\n1\n5432\n\n127.0.0.1\n\nready   \n`);
  try {
    await using lease = await acquireEmbedded({ directory });
    expect(lease.url).toBe(url);
    await expectKept(url);
  } finally {
    stranger.close();
    await elsewhere.end();
  }
  expect(heard).toHaveLength(1);
  expect(heard.join()).not.toContain(secret);
});

test("a stale contact that nobody listens on, and one that is no JSON, are of no effect", async () => {
  const url = await prepare();
  for (const text of ['{"pid":1,"port":1,"secret":"00"}', "{", ""]) {
    writeFileSync(join(directory, "supervisor.json"), text);
    await using lease = await acquireEmbedded({ directory });
    expect(lease.url).toBe(url);
  }
});

test("a program that does not know the secret gets no answer from the supervisor and does not count", async () => {
  const client = await holdEmbedded(directory);
  const { port } = JSON.parse(readFileSync(join(directory, "supervisor.json"), "utf8")) as { port: number };
  const stranger = createConnection({ port, host: "127.0.0.1" });
  let heard = "";
  stranger.on("data", (chunk) => {
    heard += chunk.toString();
  });
  stranger.on("error", () => {});
  stranger.write('{"nonce":"00","mac":"00"}\n');
  await once(stranger, "close");
  expect(heard).toBe("");
  await client.release();
  expect(serverProcesses(directory)).toEqual([]);
});

test("an unreadable configuration is refused and named, not replaced by an empty database", async () => {
  await prepare();
  const config = join(directory, "embedded.json");
  const whole = readFileSync(config, "utf8");
  writeFileSync(config, whole.slice(0, 20));
  await expect(acquireEmbedded({ directory })).rejects.toMatchObject({
    code: "EMBEDDED_DAMAGED",
    message: expect.stringContaining(config),
  });
  writeFileSync(config, whole);
  await using lease = await acquireEmbedded({ directory });
  await expectKept(lease.url);
});

test("a directory that cannot be made is refused with the reason", async () => {
  mkdirSync(directory);
  writeFileSync(join(directory, "file"), "");
  await expect(acquireEmbedded({ directory: join(directory, "file", "below") })).rejects.toMatchObject({
    code: "EMBEDDED_START_FAILED",
    message: expect.stringMatching(/EEXIST|ENOTDIR/),
  });
});
