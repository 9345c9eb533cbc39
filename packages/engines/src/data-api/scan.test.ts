import { describe, expect, test } from "vitest";
import { isQuery, namePlaceholders } from "./scan.ts";

describe("placeholders", () => {
  test.each([
    ["SELECT $1::int, $12, $1", "SELECT :p1::int, :p12, :p1"],
    ["SELECT '$1', $1", "SELECT '$1', :p1"],
    [`SELECT "$1", $1`, `SELECT "$1", :p1`],
    ["SELECT 'it''s $1', $1", "SELECT 'it''s $1', :p1"],
    ["SELECT E'a\\'$1', $1", "SELECT E'a\\'$1', :p1"],
    ["SELECT 'a\\', $1", "SELECT 'a\\', :p1"],
    ["-- $1\nSELECT $1", "-- $1\nSELECT :p1"],
    ["/* $1 /* $2 */ $3 */ SELECT $1", "/* $1 /* $2 */ $3 */ SELECT :p1"],
    ["SELECT $$ $1 $$, $1", "SELECT $$ $1 $$, :p1"],
    ["SELECT $a$ $$ $1 $b$ $a$, $1", "SELECT $a$ $$ $1 $b$ $a$, :p1"],
    ["SELECT a$1, $1", "SELECT a$1, :p1"],
    ["SELECT name E'x', $1", "SELECT name E'x', :p1"],
  ])("%s", (sql, named) => {
    expect(namePlaceholders(sql)).toBe(named);
  });
});

describe("a query is what can stand in a FROM clause", () => {
  test.each([
    "SELECT 1",
    "  -- why\n(SELECT 1)",
    "with a as (select 1) select * from a",
    "VALUES (1)",
    "TABLE t",
    "SELECT 'insert into', \"update\", updated_at, delete_me() FROM t -- for update",
    "SELECT $x$ delete $x$",
  ])("%s is one", (sql) => {
    expect(isQuery(sql)).toBe(true);
  });

  test.each([
    "INSERT INTO t VALUES (1) RETURNING id",
    "WITH gone AS (DELETE FROM t RETURNING *) SELECT * FROM gone",
    "SELECT * FROM t FOR UPDATE",
    "SELECT * FROM t FOR KEY SHARE",
    "SELECT 1 INTO t",
    "EXPLAIN SELECT 1",
    "SET CONSTRAINTS ALL DEFERRED",
    "FETCH 10 FROM c",
    "'select'",
  ])("%s is none", (sql) => {
    expect(isQuery(sql)).toBe(false);
  });
});
