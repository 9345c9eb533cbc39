import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { expect, test } from "vitest";
import { dialectOf, inThisDatabase, samplesIn } from "./sample-files.ts";

test("finds the databases of a folder, their dialects, and schemas before data", () => {
  const folder = mkdtempSync(join(tmpdir(), "runback-samples-"));
  const file = (path: string, text: string) => {
    mkdirSync(join(folder, path, ".."), { recursive: true });
    writeFileSync(join(folder, path), text);
  };
  try {
    file("film/data.sql", "COPY film FROM stdin;\n1\n\\.\n");
    file("film/schema.sql", "CREATE TABLE film (id integer);\n");
    file("shop/Shop_MySql.sql", "CREATE TABLE a (id int);\n");
    file("shop/Shop_PostgreSql.sql", "CREATE TABLE a (id int);\n");
    file("shop/Shop_Oracle.sql", "CREATE TABLE a (id int);\n");
    file("lone.sql", "PRAGMA user_version = 1;\nCREATE TABLE a (id);\n");
    file("readme.txt", "no database");
    const found = samplesIn(folder).map(({ name, dialect, files }) => [
      name,
      dialect,
      ...files.map((each) => basename(each)),
    ]);
    expect(found).toEqual([
      ["film", "postgres", "schema.sql", "data.sql"],
      ["lone", "sqlite", "lone.sql"],
      ["shop", "postgres", "Shop_PostgreSql.sql"],
      ["shop", "mysql", "Shop_MySql.sql"],
    ]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test.each([
  ["CREATE TABLE `a` (id int) ENGINE=InnoDB;", "mysql"],
  ["INSERT INTO `a` VALUES (1);", "mysql"],
  ["USE sakila;\nINSERT INTO a VALUES (1);", "mysql"],
  ["CREATE TABLE a (id INTEGER PRIMARY KEY AUTOINCREMENT);", "sqlite"],
  ["CREATE TABLE a (id serial);", "postgres"],
  ["CREATE TABLE a (id int)\nGO\n", null],
])("%j is %s", (text, dialect) => {
  expect(dialectOf("a.sql", text)).toBe(dialect);
});

test("leaves out the making of databases and the way into them, and nothing else", () => {
  const text =
    "DROP DATABASE IF EXISTS chinook;\nCREATE DATABASE chinook;\n\\c chinook;\nCREATE SCHEMA sales;\nCREATE TABLE a (id int);\n";
  const lines = (dialect: "postgres" | "mysql", of: string) => inThisDatabase(dialect, of).split("\n").filter(Boolean);
  expect(lines("postgres", text)).toEqual(["CREATE SCHEMA sales;", "CREATE TABLE a (id int);"]);
  expect(
    lines("mysql", "DROP SCHEMA IF EXISTS sakila;\nCREATE SCHEMA sakila;\nUSE sakila;\nCREATE TABLE a (id int);"),
  ).toEqual(["CREATE TABLE a (id int);"]);
});
