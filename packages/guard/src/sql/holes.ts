import { isWord, type Token } from "./lex.ts";

/** What stands in a SQL text for a part that code decides: `rb_hole_<n>`. A name, so that it parses where values and names do. */
export const holeName = /\brb_hole_\d+\b/;

/**
 * Leaves out a hole that stands where a clause would (`UPDATE t SET a = 1 ${where}`), so that the rest can be read.
 * @returns `open` when it stood where it could set more columns
 */
export function withoutClauseHoles(tokens: readonly Token[]): { readonly tokens: Token[]; readonly open: boolean } {
  let open = false;
  let where = false;
  const kept = tokens.filter((token, at) => {
    if (isWord(token, "WHERE", "RETURNING", "ORDER", "LIMIT", "FROM")) where = true;
    if (!holeName.test(token.text) || token.kind !== "word") return true;
    const before = tokens[at - 1];
    if (before === undefined || before.kind === "sign" ? before?.text !== ")" : isWord(before, ...operators))
      return true;
    if (!where) open = true;
    return false;
  });
  return { tokens: kept, open };
}

const operators = [
  ...[
    "SET",
    "WHERE",
    "AND",
    "OR",
    "NOT",
    "VALUES",
    "INTO",
    "UPDATE",
    "LIMIT",
    "OFFSET",
    "BY",
    "IN",
    "LIKE",
    "ILIKE",
    "IS",
    "ON",
  ],
  ...[
    "FROM",
    "JOIN",
    "RETURNING",
    "THEN",
    "ELSE",
    "WHEN",
    "SELECT",
    "CASE",
    "AS",
    "ANY",
    "BETWEEN",
    "TABLE",
    "INTERVAL",
    "COPY",
  ],
];
