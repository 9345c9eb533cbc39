import { expect, test } from "vitest";
import { splitTerms } from "./split-terms.ts";

test.each([
  ["CREATE UNIQUE INDEX i ON t (a)", ["a"], null],
  ["CREATE UNIQUE INDEX i ON t(lower(a), b DESC, c COLLATE NOCASE asc)", ["lower(a)", "b", "c COLLATE NOCASE"], null],
  ['CREATE UNIQUE INDEX "i (x)" ON "t(1)" ("a,b", coalesce("c)", \',(\'))', ['"a,b"', "coalesce(\"c)\", ',(')"], null],
  [
    "CREATE UNIQUE INDEX i ON t (a /* , */, -- ) comment\n b) WHERE (live AND note <> 'where') OR [x y]",
    ["a", "b"],
    "(live AND note <> 'where') OR [x y]",
  ],
  ["create unique index i on t ((a || b))\nwhere a is not null", ["(a || b)"], "a is not null"],
])("%s", (sql, terms, predicate) => {
  expect(splitTerms(sql)).toEqual({ terms, predicate });
});
