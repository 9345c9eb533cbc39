import { expect, test } from "vitest";
import { textOf } from "./read-statement.ts";
import { split } from "./split.ts";

const statements = (sql: string) => split(sql).map(({ tokens }) => textOf(tokens));

test.each([
  [
    "at semicolons, not in strings, comments, names and bodies between dollars",
    "a ';' b; -- ;\n/* ; /* ; */ ; */ c \";\" $x$ ; $x$; `;` d",
    ["a ';' b", 'c ";" $x$ ; $x$', "`;` d"],
  ],
  ["where backslashes escape, when only that closes every string", "a 'it\\'s; b'; c", ["a 'it\\'s; b'", "c"]],
  ["and leaves a backslash at the end of a string alone", "a 'c:\\'; b 'x'", ["a 'c:\\'", "b 'x'"]],
  [
    "not in the body of a trigger",
    "CREATE TRIGGER t AFTER UPDATE ON x BEGIN a; CASE WHEN b THEN c END; END; d",
    ["CREATE TRIGGER t AFTER UPDATE ON x BEGIN a; CASE WHEN b THEN c END; END", "d"],
  ],
  ["at another delimiter", "DELIMITER //\na; b//\nc//\nDELIMITER ;\nd; e", ["a; b", "c", "d", "e"]],
  ["around clients' commands", "\\set x 1\na;\n.headers on\nb", ["\\set x 1", "a", ".headers on", "b"]],
  ["behind the rows of COPY", "COPY t (a) FROM stdin;\n1; DROP\n\\.\nb", ["COPY t (a) FROM stdin", "b"]],
  ["into MySQL's conditional comments", "/*!40101 SET a = 1 */; b", ["SET a = 1", "b"]],
])("splits %s", (_, sql, expected) => {
  expect(statements(sql)).toEqual(expected);
});
