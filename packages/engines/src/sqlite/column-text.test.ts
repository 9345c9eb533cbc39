import { expect, test } from "vitest";
import { withNullability } from "./column-text.ts";

const change = (sql: string, column: string, nullable: boolean) => withNullability(sql, column, nullable, "new");

test.each([
  ["CREATE TABLE t(id INTEGER PRIMARY KEY, v TEXT)", "CREATE TABLE new (id INTEGER PRIMARY KEY, v TEXT NOT NULL)"],
  ["CREATE TABLE t (v TEXT, w TEXT)", "CREATE TABLE new (v TEXT NOT NULL, w TEXT)"],
  [
    "CREATE TABLE t (id INT, \"V\" TEXT CHECK (v IN ('a,b', 'not null')) -- the value, NOT NULL later\n, UNIQUE (v)) STRICT",
    "CREATE TABLE new (id INT, \"V\" TEXT CHECK (v IN ('a,b', 'not null')) NOT NULL -- the value, NOT NULL later\n, UNIQUE (v)) STRICT",
  ],
  [
    "CREATE TABLE t (a, [v] varchar(10) DEFAULT (x'00') COLLATE NOCASE REFERENCES p(v) ON DELETE SET NULL, PRIMARY KEY (a)) WITHOUT ROWID",
    "CREATE TABLE new (a, [v] varchar(10) DEFAULT (x'00') COLLATE NOCASE REFERENCES p(v) ON DELETE SET NULL NOT NULL, PRIMARY KEY (a)) WITHOUT ROWID",
  ],
])("NOT NULL is added to the column alone: %s", (before, after) => {
  expect(change(before, "v", false)).toBe(after);
});

test.each([
  ["CREATE TABLE t (v TEXT NOT NULL, w TEXT NOT NULL)", "CREATE TABLE new (v TEXT , w TEXT NOT NULL)"],
  [
    "CREATE TABLE t (v TEXT CONSTRAINT there NOT NULL ON CONFLICT REPLACE DEFAULT 'x' UNIQUE)",
    "CREATE TABLE new (v TEXT  DEFAULT 'x' UNIQUE)",
  ],
  [
    "CREATE TABLE t (v NOT/* at all */NULL CHECK (v IS NOT NULL OR 1))",
    "CREATE TABLE new (v  CHECK (v IS NOT NULL OR 1))",
  ],
])("NOT NULL is taken from the column alone: %s", (before, after) => {
  expect(change(before, "v", true)).toBe(after);
});

test("a column that is not in the text is not made up", () => {
  expect(change("CREATE TABLE t (v TEXT)", "w", true)).toBeNull();
});
