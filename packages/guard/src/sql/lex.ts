/** One word, string, comment or sign of a SQL text. Positions are offsets into the text. */
export interface Token {
  readonly kind: "word" | "quoted" | "string" | "dollar" | "number" | "parameter" | "sign" | "comment" | "line";
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/**
 * Splits SQL of any of the three dialects into tokens. It decides nothing about meaning: parsers do. It is there because
 * files hold what no parser takes: clients' commands (`\copy`, `.import`, `DELIMITER`), and placeholders of drivers.
 */
export function lex(sql: string): Token[] {
  const plain = scan(sql, false);
  // MySQL escapes quotes by backslashes, the others do not: `'it\\'s'` is one string or the start of two. The reading in
  // which every string is closed is the right one.
  if (!sql.includes("\\'") || closed(plain)) return plain;
  const escaped = scan(sql, true);
  return closed(escaped) ? escaped : plain;
}

const closed = (tokens: readonly Token[]): boolean =>
  tokens.every(({ kind, text }) => kind !== "string" || (text.length > 1 && text.endsWith("'")));

function scan(sql: string, backslash: boolean): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  const take = (kind: Token["kind"], end: number): void => {
    tokens.push({ kind, text: sql.slice(at, end), start: at, end });
    at = end;
  };
  const lineEnd = (from: number): number => {
    const end = sql.indexOf("\n", from);
    return end < 0 ? sql.length : end;
  };
  while (at < sql.length) {
    const c = sql[at]!;
    const two = sql.slice(at, at + 2);
    if (c === " " || c === "\n" || c === "\t" || c === "\r" || c === "\f" || c === "\ufeff" || c === "\u00a0") at++;
    else if (two === "--") take("comment", lineEnd(at));
    else if (c === "#" && hashComments(sql, at)) take("comment", lineEnd(at));
    else if (/^\/\*(?:!|M!)/.test(sql.slice(at, at + 4))) at = matchEnd(/\/\*M?!\d*/y, sql, at);
    else if (two === "*/") at += 2;
    else if (two === "/*") take("comment", commentEnd(sql, at));
    else if (c === "'") take("string", quoteEnd(sql, at, "'", backslash || escapes(tokens, at)));
    else if (c === '"') take("quoted", quoteEnd(sql, at, '"', false));
    else if (c === "`") take("quoted", quoteEnd(sql, at, "`", false));
    else if (c === "[" && /^\[[A-Za-z_][\w ]*\]/.test(sql.slice(at, at + 130)) && bracketName(tokens))
      take("quoted", sql.indexOf("]", at) + 1);
    else if (c === "$" && dollarEnd(sql, at) !== null) take("dollar", dollarEnd(sql, at)!);
    else if ((c === "$" || c === "?" || c === "@" || c === ":") && parameterEnd(sql, at) > at)
      take("parameter", parameterEnd(sql, at));
    else if (/[A-Za-z_\u0080-\uffff]/.test(c)) take("word", matchEnd(/[\w$\u0080-\uffff]*/y, sql, at));
    else if (/[0-9]/.test(c)) take("number", matchEnd(/[0-9][\w.]*/y, sql, at));
    else if (c === "\\" && lineStart(sql, at)) take("line", lineEnd(at));
    else if (c === "." && lineStart(sql, at) && /[a-z]/.test(sql[at + 1] ?? "") && freshStatement(tokens))
      take("line", lineEnd(at));
    else if (two === "::" || two === ":=" || two === "->" || two === "||") take("sign", at + 2);
    else take("sign", at + 1);
  }
  return tokens;
}

/** Tokens that a parser sees. */
export const meaningful = (token: Token): boolean => token.kind !== "comment";

/** A word without its quotes, folded: `"Status"`, `` `status` `` and STATUS are one column to the guard. */
export function nameOf({ kind, text }: Token): string | null {
  if (kind === "word") return text.toLowerCase();
  if (kind === "quoted") return text.slice(1, -1).toLowerCase();
  return null;
}

export const isWord = (token: Token | undefined, ...words: string[]): boolean =>
  token !== undefined && token.kind === "word" && words.includes(token.text.toUpperCase());

function matchEnd(pattern: RegExp, sql: string, at: number): number {
  pattern.lastIndex = at;
  pattern.exec(sql);
  return Math.max(pattern.lastIndex, at + 1);
}

function quoteEnd(sql: string, at: number, quote: string, backslash: boolean): number {
  for (let i = at + 1; i < sql.length; i++) {
    if (backslash && sql[i] === "\\") i++;
    else if (sql[i] === quote) {
      if (sql[i + 1] !== quote) return i + 1;
      i++;
    }
  }
  return sql.length;
}

/** PostgreSQL's comments nest. */
function commentEnd(sql: string, at: number): number {
  let depth = 0;
  for (let i = at; i < sql.length; i++) {
    if (sql[i] === "/" && sql[i + 1] === "*") {
      depth++;
      i++;
    } else if (sql[i] === "*" && sql[i + 1] === "/") {
      depth--;
      i++;
      if (depth === 0) return i + 1;
    }
  }
  return sql.length;
}

/** In `E'…'` a backslash escapes. */
function escapes(tokens: readonly Token[], at: number): boolean {
  const before = tokens.at(-1);
  return before !== undefined && before.end === at && /^e$/i.test(before.text);
}

const hashComments = (sql: string, at: number): boolean => !/[>\-#]/.test(sql[at + 1] ?? "") || sql[at + 1] === "#";

/** `$tag$ … $tag$`. */
function dollarEnd(sql: string, at: number): number | null {
  const tag = /^\$(?:[A-Za-z_]\w*)?\$/.exec(sql.slice(at, at + 80))?.[0];
  if (tag === undefined) return null;
  const end = sql.indexOf(tag, at + tag.length);
  return end < 0 ? sql.length : end + tag.length;
}

/** `$1`, `?`, `?1`, `:name`, `@name`, `@@name`, `$name`; not `::`, `:=` or PostgreSQL's `@>`. */
function parameterEnd(sql: string, at: number): number {
  const rest = sql.slice(at, at + 130);
  return at + (/^(?:\$\w+|\?\d*|:[A-Za-z_]\w*|@@?[A-Za-z_][\w.]*)/.exec(rest)?.[0].length ?? 0);
}

const lineStart = (sql: string, at: number): boolean => /(?:^|\n)[ \t]*$/.test(sql.slice(Math.max(0, at - 40), at));

const freshStatement = (tokens: readonly Token[]): boolean => {
  const last = tokens.findLast(meaningful);
  return last === undefined || last.text === ";" || last.kind === "line";
};

/** `[name]` is a name in SQLite, an index after an array in PostgreSQL. */
const bracketName = (tokens: readonly Token[]): boolean => {
  const last = tokens.findLast(meaningful);
  if (last === undefined) return false;
  if (last.kind === "sign") return last.text !== "]" && last.text !== ")";
  return isWord(
    last,
    "UPDATE",
    "INTO",
    "SET",
    "FROM",
    "JOIN",
    "TABLE",
    "ON",
    "AND",
    "OR",
    "WHERE",
    "BY",
    "SELECT",
    "ONLY",
  );
};
