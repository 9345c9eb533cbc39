import { isWord, lex, meaningful, type Token } from "./lex.ts";

/** One statement of a script, as its tokens without comments. */
export interface Statement {
  readonly tokens: readonly Token[];
}

/**
 * Splits a script where its client would: at `;`, or at what `DELIMITER` says; not inside the body of a trigger or
 * routine. Data lines after `COPY … FROM stdin` are no statements.
 */
export function split(sql: string): Statement[] {
  const { text, other } = withoutDelimiters(withoutCopyData(sql));
  const otherAt = (offset: number) => other.some(([from, to]) => offset >= from && offset < to);
  const statements: Statement[] = [];
  let current: Token[] = [];
  let depth = 0;
  const close = (): void => {
    if (current.length > 0) statements.push({ tokens: current });
    current = [];
    depth = 0;
  };
  const tokens = lex(text).filter(meaningful);
  for (const [at, token] of tokens.entries()) {
    if (token.kind === "line") {
      close();
      statements.push({ tokens: [token] });
      continue;
    }
    if (token.text === ";" && depth === 0 && !otherAt(token.start)) {
      close();
      continue;
    }
    if (token.text === "\u0001") {
      close();
      continue;
    }
    current.push(token);
    if (!routine(current)) continue;
    if (isWord(token, "BEGIN", "CASE") && !isWord(tokens[at - 1], "END")) depth++;
    else if (isWord(token, "END") && !isWord(tokens[at + 1], "IF", "LOOP", "WHILE", "REPEAT", "FOR"))
      depth = Math.max(0, depth - 1);
  }
  close();
  return statements;
}

/** Statements whose body may hold others: `CREATE … TRIGGER`, `PROCEDURE`, `FUNCTION`, `EVENT`. */
function routine(tokens: readonly Token[]): boolean {
  return (
    isWord(tokens[0], "CREATE") &&
    tokens.slice(1, 9).some((token) => isWord(token, "TRIGGER", "PROCEDURE", "FUNCTION", "EVENT"))
  );
}

/**
 * `DELIMITER //` belongs to MySQL's client. The delimiter becomes a sign that no SQL has, and the line blanks: offsets
 * stay what they are. `other` is where a semicolon ends nothing.
 */
function withoutDelimiters(sql: string): { text: string; other: readonly (readonly [number, number])[] } {
  if (!/^[ \t]*delimiter[ \t]/im.test(sql)) return { text: sql, other: [] };
  const other: [number, number][] = [];
  let delimiter = ";";
  let at = 0;
  const lines = sql.split("\n").map((line) => {
    const from = at;
    at += line.length + 1;
    const set = /^[ \t]*delimiter[ \t]+(\S+)/i.exec(line);
    if (set) {
      delimiter = set[1]!;
      return " ".repeat(line.length);
    }
    if (delimiter === ";") return line;
    other.push([from, at]);
    return line.replaceAll(delimiter, `\u0001${" ".repeat(delimiter.length - 1)}`);
  });
  return { text: lines.join("\n"), other };
}

/** `COPY … FROM stdin;` is followed by rows up to `\.`: they are blanked. */
function withoutCopyData(sql: string): string {
  if (!/\bfrom\s+stdin\b/i.test(sql)) return sql;
  return sql.replace(
    /(^[ \t]*copy\b[^;]*\bfrom\s+stdin\b[^;]*;[ \t]*\r?\n)([\s\S]*?)(^\\\.[ \t]*\r?$|$(?![\s\S]))/gim,
    (_, head: string, data: string, end: string) => head + data.replace(/[^\n]/g, " ") + " ".repeat(end.length),
  );
}
