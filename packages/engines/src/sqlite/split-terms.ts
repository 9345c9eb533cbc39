export interface IndexText {
  /** SQL of each indexed term, without its sort order. */
  readonly terms: readonly string[];
  readonly predicate: string | null;
}

/** One token of SQL: a string, a quoted name, a comment, a word, or a single character. */
export const token =
  /'(?:[^']|'')*'|"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\]|--[^\n]*|\/\*[\s\S]*?\*\/|[\w$\u0080-\uffff]+|\s+|[\s\S]/g;

/**
 * Takes the terms and the predicate out of `CREATE UNIQUE INDEX … ON … (…) WHERE …`: the catalog keeps expressions
 * nowhere else.
 */
export function splitTerms(sql: string): IndexText {
  const terms: string[] = [];
  let depth = 0;
  let current = "";
  let closed = false;
  let predicate: string | null = null;
  for (const [text] of sql.matchAll(token)) {
    if (closed) {
      if (predicate !== null) predicate += text;
      else if (/^where$/i.test(text)) predicate = "";
      continue;
    }
    if (text === "(" && depth++ === 0) continue;
    if (text === ")" && --depth === 0) {
      terms.push(current);
      closed = true;
      continue;
    }
    if (depth === 0) continue;
    if (text === "," && depth === 1) {
      terms.push(current);
      current = "";
      continue;
    }
    current += text.startsWith("--") || text.startsWith("/*") ? " " : text;
  }
  return {
    terms: terms.map((term) => term.trim().replace(/\s+(asc|desc)$/i, "")),
    predicate: predicate === null ? null : predicate.trim(),
  };
}
