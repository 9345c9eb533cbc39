import postgres from "postgres";
import { expect, test } from "vitest";
import { createDatabase, templateDatabase } from "./database.ts";

async function query(url: string, text: string): Promise<postgres.Row[]> {
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  try {
    return await sql.unsafe(text);
  } finally {
    await sql.end();
  }
}

test("a test database is UTF-8, in UTC, empty, and gone after drop although somebody is connected", async () => {
  const database = await createDatabase();
  const bystander = postgres(database.url, { max: 1, onnotice: () => {} });
  await bystander`SELECT 1`;
  const [row] = await query(
    database.url,
    "SELECT getdatabaseencoding() AS encoding, current_setting('timezone') AS zone, current_database() AS name, lower('ÄÖ') AS low",
  );
  expect(row).toEqual({ encoding: "UTF8", zone: "UTC", name: database.name, low: "äö" });
  await database.drop();
  await expect(query(database.url, "SELECT 1")).rejects.toMatchObject({ code: "3D000" });
  await bystander.end({ timeout: 0 }).catch(() => {});
});

test("a template is prepared once, although five ask at once, and cloned for each", async () => {
  let prepared = 0;
  const prepare = async (url: string) => {
    prepared++;
    await query(url, "CREATE TABLE kept AS SELECT 7 AS number");
  };
  const names = await Promise.all(Array.from({ length: 5 }, () => templateDatabase("support: once", prepare)));
  expect(new Set(names).size).toBe(1);
  expect(prepared).toBe(1);
  await using first = await createDatabase({ template: names[0]! });
  await using second = await createDatabase({ template: names[0]! });
  await query(first.url, "UPDATE kept SET number = 8");
  expect(await query(second.url, "SELECT number FROM kept")).toEqual([{ number: 7 }]);
});

test("a template whose preparation failed is prepared again", async () => {
  const failing = templateDatabase("support: retried", async (url) => {
    await query(url, "CREATE TABLE half AS SELECT 1 AS number");
    throw new Error("cut short");
  });
  await expect(failing).rejects.toThrow("cut short");
  const name = await templateDatabase("support: retried", async (url) => {
    await query(url, "CREATE TABLE half AS SELECT 2 AS number");
  });
  await using database = await createDatabase({ template: name });
  expect(await query(database.url, "SELECT number FROM half")).toEqual([{ number: 2 }]);
});
