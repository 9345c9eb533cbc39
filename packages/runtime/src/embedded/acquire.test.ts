import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import {
  holdEmbedded,
  homeOf,
  openSession,
  query,
  refusedEmbedded,
  scratchFolder,
  serverProcesses,
  supervisorPid,
} from "../../../../test/support/embedded-clients.ts";
import { acquireEmbedded } from "./acquire.ts";
import { commandLine } from "./processes.ts";

let scratch: ReturnType<typeof scratchFolder>;
let directory: string;
beforeEach(() => {
  scratch = scratchFolder();
  directory = join(scratch.path, ".runback");
});
afterEach(() => scratch.clean(directory));

test("ten processes at once on nothing share one server, which stops with the last of them", async () => {
  const clients = await Promise.all(Array.from({ length: 10 }, () => holdEmbedded(directory)));
  const urls = new Set(clients.map((client) => client.url));
  expect(urls.size).toBe(1);
  const url = clients[0]!.url;
  expect(url).toMatch(/^postgres:\/\/operator:[0-9a-f]{48}@127\.0\.0\.1:\d+\/runback$/);
  const starts = await Promise.all(
    clients.map(({ url }) => query(url, "SELECT pg_postmaster_start_time()::text AS at")),
  );
  expect(new Set(starts.map(([row]) => row?.at)).size).toBe(1);
  const supervisor = supervisorPid(directory);
  await Promise.all(clients.slice(1).map((client) => client.release()));
  expect(await query(url, "SELECT 1 AS one")).toEqual([{ one: 1 }]);
  expect(await clients[0]!.release()).toBe(0);
  expect(serverProcesses(directory)).toEqual([]);
  expect(commandLine(supervisor)).toBeUndefined();
  expect(existsSync(join(directory, "supervisor.json"))).toBe(false);
  expect(readdirSync(homeOf(directory)).filter((name) => name.startsWith("postgres.new-"))).toEqual([]);
});

test("data, password and port stay from one start to the next", async () => {
  const first = await acquireEmbedded({ directory });
  await query(first.url, "CREATE TABLE kept AS SELECT 42 AS number");
  await first.release();
  await first.release();
  await expect(query(first.url, "SELECT 1")).rejects.toMatchObject({ code: "ECONNREFUSED" });
  await using second = await acquireEmbedded({ directory });
  expect(second.url).toBe(first.url);
  expect(await query(second.url, "SELECT number FROM kept")).toEqual([{ number: 42 }]);
});

test("the server is durable, in UTF-8 and UTC, and only reachable with the password", async () => {
  await using lease = await acquireEmbedded({ directory });
  const [row] = await query(
    lease.url,
    `SELECT current_setting('fsync') AS fsync, current_setting('synchronous_commit') AS commit,
            current_setting('shared_buffers') AS buffers, current_setting('timezone') AS zone,
            current_setting('listen_addresses') AS listens, current_setting('data_checksums') AS checksums,
            getdatabaseencoding() AS encoding, datlocprovider AS provider, datlocale AS locale, lower('ÉÖ') AS low
     FROM pg_database WHERE datname = current_database()`,
  );
  expect(row).toEqual({
    fsync: "on",
    commit: "on",
    buffers: "256MB",
    zone: "UTC",
    listens: "127.0.0.1",
    checksums: "on",
    encoding: "UTF8",
    provider: "b",
    locale: "C.UTF-8",
    low: "éö",
  });
  const forged = new URL(lease.url);
  forged.password = "wrong";
  await expect(query(forged.href, "SELECT 1")).rejects.toMatchObject({ code: "28P01" });
  for (const name of ["embedded.json", "supervisor.json", "embedded.log"]) {
    expect([name, statSync(join(directory, name)).mode & 0o777]).toEqual([name, 0o600]);
  }
});

test("statements that fail leave no row values in the server's log", async () => {
  await using lease = await acquireEmbedded({ directory });
  await query(lease.url, "CREATE TABLE person (email text PRIMARY KEY)");
  await query(lease.url, "INSERT INTO person VALUES ('ada@example.org')");
  await expect(query(lease.url, "INSERT INTO person VALUES ('ada@example.org')")).rejects.toMatchObject({
    code: "23505",
  });
  await expect(query(lease.url, "SELECT 'ada@example.org'::int")).rejects.toMatchObject({ code: "22P02" });
  expect(readFileSync(join(directory, "embedded.log"), "utf8")).not.toContain("ada@");
});

test("a port that another process took is replaced, and the new one is kept", async () => {
  const first = await acquireEmbedded({ directory });
  await first.release();
  const intruder = createServer();
  await new Promise<void>((resolve) => intruder.listen(Number(new URL(first.url).port), "127.0.0.1", resolve));
  try {
    const second = await acquireEmbedded({ directory });
    expect(new URL(second.url).port).not.toBe(new URL(first.url).port);
    expect(await query(second.url, "SELECT 1 AS one")).toEqual([{ one: 1 }]);
    await second.release();
    await using third = await acquireEmbedded({ directory });
    expect(third.url).toBe(second.url);
  } finally {
    intruder.close();
  }
});

test("a path of more than 150 characters works", async () => {
  const long = join(scratch.path, "a-folder-with-a-long-name".repeat(4), "and-another-one".repeat(5), ".runback");
  expect(long.length).toBeGreaterThan(180);
  try {
    await using lease = await acquireEmbedded({ directory: long });
    expect(await query(lease.url, "SELECT 1 AS one")).toEqual([{ one: 1 }]);
  } finally {
    scratch.clean(long);
  }
});

test("clients that come while the server stops get it again", async () => {
  let lease = await acquireEmbedded({ directory });
  for (let round = 0; round < 10; round++) {
    const leaving = lease.release();
    lease = await acquireEmbedded({ directory });
    expect(await query(lease.url, "SELECT 1 AS one")).toEqual([{ one: 1 }]);
    await leaving;
  }
  await lease.release();
  expect(serverProcesses(directory)).toEqual([]);
});

test("a server that cannot start is refused with the reason and what to do", async () => {
  const first = await acquireEmbedded({ directory });
  await first.release();
  const control = join(homeOf(directory), "postgres", "global", "pg_control");
  const whole = readFileSync(control);
  writeFileSync(control, Buffer.alloc(whole.length));
  const error = await refusedEmbedded(directory);
  expect(error.code).toBe("EMBEDDED_START_FAILED");
  expect(error.message).toMatch(/FATAL|PANIC/);
  expect(error.recovery).toContain("DATABASE_URL");
  writeFileSync(control, whole);
  await using again = await acquireEmbedded({ directory });
  expect(again.url).toBe(first.url);
});

test("the release of another client does not end sessions", async () => {
  await using lease = await acquireEmbedded({ directory });
  const sql = openSession(lease.url);
  const client = await holdEmbedded(directory);
  await client.release();
  expect(await sql`SELECT 1 AS one`).toEqual([{ one: 1 }]);
  await sql.end();
});
