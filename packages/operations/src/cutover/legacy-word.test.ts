import type { ColumnCutover, CutoverDialect } from "@runback/core";
import { expect, test } from "vitest";
import { legacyWords } from "./legacy-word.ts";

const dialect = { id: (name: string) => name, literal: (text: string) => `'${text}'` } as CutoverDialect;
const cutover = {
  column: "new",
  codes: [
    { code: "checkedin", spellings: ["checked-in", "present", "1"] },
    { code: "dna", spellings: ["no show", "0"] },
  ],
} as unknown as ColumnCutover;

test.each([
  ["text", "new"],
  ["varchar(100)", "new"],
  ["app.mood", "new"],
  ["varchar(8)", "CASE new WHEN 'checkedin' THEN 'present' ELSE new END"],
  ["character(3)", "CASE new WHEN 'checkedin' THEN '1' ELSE new END"],
  [
    "enum('Present','it''s','no show')",
    "CASE new WHEN 'checkedin' THEN 'present' WHEN 'dna' THEN 'no show' ELSE new END",
  ],
  ["int(11)", "CASE new WHEN 'checkedin' THEN '1' WHEN 'dna' THEN '0' ELSE new END"],
  // Nothing fits: the database says so.
  ["enum('x')", "new"],
])("a legacy column of type %s gets a spelling that it holds", (type, sql) => {
  expect(legacyWords(cutover, dialect, { type })).toBe(sql);
});
