import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { findProcesses } from "../../packages/runtime/src/embedded/processes.ts";
import { waitUntil } from "../../packages/runtime/src/embedded/wait-until.ts";
import { createDatabase, templateDatabase } from "./database.ts";
import { dropDatabases } from "./drop-databases.ts";
import { query } from "./embedded-clients.ts";
import { postgresServer } from "./postgres-server.ts";

beforeEach(() => {
  vi.stubEnv("RUNBACK_TEST_POSTGRES_URL", "");
});
afterEach(() => {
  vi.unstubAllEnvs();
});

test("two test servers do not meet, and each is gone with its files after stop", async () => {
  const [one, two] = await Promise.all([postgresServer(), postgresServer()]);
  expect(one.adminUrl).not.toBe(two.adminUrl);
  const folders = await Promise.all(
    [one, two].map(async ({ adminUrl }) => (await query(adminUrl, "SHOW data_directory"))[0]?.data_directory as string),
  );
  expect(await query(one.adminUrl, "SHOW fsync")).toEqual([{ fsync: "off" }]);
  await one.stop();
  await expect(query(one.adminUrl, "SELECT 1")).rejects.toMatchObject({ code: "ECONNREFUSED" });
  expect(await query(two.adminUrl, "SELECT 1 AS one")).toEqual([{ one: 1 }]);
  await two.stop();
  for (const folder of folders) expect(processesAt(folder)).toEqual([]);
});

test("a test server is gone after its process was killed", async () => {
  const source = `
    import { postgresServer } from ${JSON.stringify(new URL("./postgres-server.ts", import.meta.url).href)};
    const { adminUrl } = await postgresServer();
    console.log(adminUrl);
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", source], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [url] = (await once(createInterface(child.stdout), "line")) as [string];
  const [row] = await query(url, "SHOW data_directory");
  const folder = row?.data_directory as string;
  expect(processesAt(folder)).toHaveLength(1);
  child.kill("SIGKILL");
  await once(child, "exit");
  expect(await waitUntil(20_000, () => processesAt(folder).length === 0)).toBe(true);
});

test("a server named in the environment is used, and a run leaves no database on it", async () => {
  await using server = await postgresServer();
  vi.stubEnv("RUNBACK_TEST_POSTGRES_URL", server.adminUrl);
  const named = await postgresServer();
  expect(named.adminUrl).toBe(server.adminUrl);
  await named.stop();
  await query(server.adminUrl, "CREATE DATABASE mine_1");
  await query(server.adminUrl, "CREATE DATABASE mine_2 IS_TEMPLATE true ALLOW_CONNECTIONS false");
  await query(server.adminUrl, "CREATE DATABASE theirs");
  expect(await dropDatabases(server.adminUrl, "mine_")).toEqual(["mine_1", "mine_2"]);
  expect(await query(server.adminUrl, "SELECT datname FROM pg_database WHERE datname ~ 'mine|theirs'")).toEqual([
    { datname: "theirs" },
  ]);
});

test("databases and templates of a run carry its prefix, so that they can be found", async () => {
  await using database = await createDatabase();
  const template = await templateDatabase("support: prefix", async () => {});
  expect(database.name).toMatch(/^runback_[0-9a-f]{8}_[0-9a-f]{12}$/);
  expect(template.slice(0, 17)).toBe(database.name.slice(0, 17));
});

/** The postmaster names its data folder on its command line. */
function processesAt(folder: string): number[] {
  return findProcesses((text) => text.includes(`-D ${folder} `));
}
