import { init } from "@guanmingchiu/sqlparser-ts";
import { loadModule } from "libpg-query";
import { isWord, nameOf, type Token } from "./lex.ts";
import { readPostgres } from "./read-postgres.ts";
import { readWithSqlparser } from "./read-with-sqlparser.ts";
import { nothing, type SqlReading, together } from "./sql-write.ts";

/** Loads the parsers; once, before anything is read. */
export async function loadParsers(): Promise<void> {
  await Promise.all([loadModule(), init()]);
}

/** Words without one of which a statement writes nothing. */
const writing = new Set([
  "UPDATE",
  "INSERT",
  "REPLACE",
  "MERGE",
  "COPY",
  "LOAD",
  "SET",
  "EXECUTE",
  "PREPARE",
  "NEW",
  "TRIGGER",
]);

/** Statements that change no rows, whatever clauses they have: `ON UPDATE CASCADE`, `GRANT UPDATE (status)`. */
const harmless = ["ALTER", "DROP", "GRANT", "REVOKE", "COMMENT", "ANALYZE", "PRAGMA", "LOCK", "VACUUM", "TRUNCATE"];
const harmlessCreated = ["TABLE", "INDEX", "VIEW", "TYPE", "SCHEMA", "SEQUENCE", "POLICY", "PUBLICATION", "DATABASE"];

/** May this statement write, judged by its words alone? When in doubt, yes: then a parser decides. */
export function mayWrite(tokens: readonly Token[]): boolean {
  const [first] = tokens;
  if (first === undefined) return false;
  if (first.kind === "line") return true;
  if (isWord(first, ...harmless)) return false;
  if (isWord(first, "CREATE") && tokens.slice(1, 6).some((token) => isWord(token, ...harmlessCreated)))
    return tokens.slice(1, 6).some((token) => isWord(token, "TRIGGER", "FUNCTION", "PROCEDURE", "RULE"));
  return tokens.some(
    ({ kind, text }) =>
      (kind === "word" && writing.has(text.toUpperCase())) ||
      ((kind === "string" || kind === "dollar") && /\b(?:update|insert|replace|merge|copy)\b/i.test(text)),
  );
}

/**
 * Asks the parsers in turn. The first that sees the table written decides; one that takes a statement and sees nothing does
 * not: PostgreSQL reads MySQL's `UPDATE IGNORE t SET …` as an update of a table `ignore` that is called `t`.
 *
 * @returns what the statement writes, or `null` when no parser of the three dialects takes it
 */
export function readStatement(tokens: readonly Token[], isTable: (name: string) => boolean): SqlReading | null {
  const [first] = tokens;
  if (first?.kind === "line") return readClientCommand(first.text);
  const loaded = readLoad(tokens);
  if (loaded !== null) return loaded;
  const readers = [
    () => attempt(() => readPostgres(textOf(tokens))) ?? attempt(() => readPostgres(textOf(numbered(tokens)))),
    () => readRoutine(tokens, isTable),
    () => attempt(() => readWithSqlparser(textOf(mysqlTokens(tokens)), "mysql")),
    () => attempt(() => readWithSqlparser(textOf(sqliteTokens(tokens)), "sqlite")),
  ];
  const taken: SqlReading[] = [];
  for (const read of readers) {
    const reading = read();
    if (reading === null) continue;
    taken.push(reading);
    if (reading.writes.some(({ table }) => isTable(table)) || reading.triggers.length > 0) break;
  }
  return taken.length === 0 ? null : together(taken);
}

function attempt(read: () => SqlReading): SqlReading | null {
  try {
    return read();
  } catch {
    return null;
  }
}

/** The statement without comments; what stood together still does. */
export function textOf(tokens: readonly Token[]): string {
  let text = "";
  let end = -1;
  for (const token of tokens) {
    if (end >= 0 && token.start !== end) text += " ";
    text += token.text;
    end = token.end;
  }
  return text;
}

/** Drivers' placeholders (`?`, `:name`, `@name`) as PostgreSQL's. */
const numbered = (tokens: readonly Token[]): Token[] =>
  tokens.map((token) => (token.kind === "parameter" && !/^\$\d+$/.test(token.text) ? { ...token, text: "$1" } : token));

/**
 * `UPDATE a, b SET …` joins without a condition, which the parser takes only in the longer form; and it takes the word in
 * `UPDATE IGNORE t SET …` for a table.
 */
function mysqlTokens(tokens: readonly Token[]): Token[] {
  if (!isWord(tokens[0], "UPDATE")) return [...tokens];
  let depth = 0;
  let set = false;
  const words = tokens.filter(
    (token, at) => !(isWord(token, "IGNORE", "LOW_PRIORITY") && at < 3 && !isWord(tokens[at + 1], "SET", "AS")),
  );
  return words.map((token) => {
    if (token.text === "(") depth++;
    if (token.text === ")") depth--;
    if (isWord(token, "SET")) set = true;
    return !set && depth === 0 && token.text === "," ? { ...token, text: " CROSS JOIN " } : token;
  });
}

/** `a IS NOT b` compares any two values in SQLite; the parser takes it only as IS DISTINCT FROM. */
function sqliteTokens(tokens: readonly Token[]): Token[] {
  const literal = ["NULL", "TRUE", "FALSE", "DISTINCT"];
  return tokens.flatMap((token, at) => {
    if (!isWord(token, "IS") && !(isWord(token, "NOT") && isWord(tokens[at - 1], "IS"))) return [token];
    const negated = isWord(token, "IS") && isWord(tokens[at + 1], "NOT");
    const operand = tokens[at + (negated ? 2 : 1)];
    if (isWord(operand, ...literal, "NOT")) return [token];
    if (negated) return [{ ...token, text: "IS DISTINCT FROM" }];
    if (isWord(token, "NOT")) return [];
    return [{ ...token, text: "IS NOT DISTINCT FROM" }];
  });
}

/** `LOAD DATA … INTO TABLE t (columns)`: no parser takes it, and its grammar is a list in brackets. */
function readLoad(tokens: readonly Token[]): SqlReading | null {
  if (!isWord(tokens[0], "LOAD") || !isWord(tokens[1], "DATA", "XML")) return null;
  const at = tokens.findIndex((token, index) => isWord(token, "TABLE") && isWord(tokens[index - 1], "INTO"));
  const name = tokens[at + 1];
  if (at < 0 || name === undefined) return null;
  const qualified = tokens[at + 2]?.text === ".";
  const table = nameOf(qualified ? tokens[at + 3]! : name);
  if (table === null) return null;
  const open = tokens.findIndex((token, index) => index > at && token.text === "(");
  const closing = tokens.findIndex((token, index) => index > open && token.text === ")");
  const set = tokens.findIndex((token, index) => index > at && isWord(token, "SET"));
  const listed = open < 0 || (set >= 0 && open > set) ? null : tokens.slice(open + 1, closing);
  const columns = listed?.flatMap((token) => nameOf(token) ?? []) ?? [];
  const assigned = tokens.flatMap((token, index) =>
    set >= 0 && index > set && tokens[index + 1]?.text === "=" ? (nameOf(token) ?? []) : [],
  );
  return {
    ...nothing,
    writes: [{ table, schema: null, verb: "copy", columns: listed === null ? "all" : [...columns, ...assigned] }],
  };
}

/** psql's `\copy t (columns) from …`, and `.import file t` of SQLite's shell. Other commands of clients write nothing. */
function readClientCommand(line: string): SqlReading | null {
  const copy = /^\\copy\s+(.+)$/i.exec(line)?.[1];
  if (copy !== undefined) return attempt(() => readPostgres(`COPY ${copy.replace(/\bfrom\s+.*$/i, "FROM stdin")}`));
  const table = /^\.import\s.*?(?:"([^"]+)"|(\S+))\s*$/i.exec(line);
  if (table === null) return nothing;
  return {
    ...nothing,
    writes: [{ table: (table[1] ?? table[2])!.toLowerCase(), schema: null, columns: "all", verb: "copy" }],
  };
}

/** Triggers and routines of MySQL and SQLite: the statements of their bodies, one by one. */
function readRoutine(tokens: readonly Token[], isTable: (name: string) => boolean): SqlReading | null {
  if (!isWord(tokens[0], "CREATE")) return null;
  const kind = tokens.findIndex((token, at) => at < 9 && isWord(token, "TRIGGER", "PROCEDURE", "FUNCTION", "EVENT"));
  if (kind < 0) return null;
  const body = bodyOf(tokens);
  if (body === null) return null;
  const readings = statementsIn(body).map((statement) =>
    isWord(statement[0], "SET") ? readSet(statement) : readStatement(statement, isTable),
  );
  if (readings.includes(null)) return null;
  const reading = together(readings as SqlReading[]);
  if (!isWord(tokens[kind], "TRIGGER")) return reading;
  const on = tokens.findIndex((token, at) => at > kind && isWord(token, "ON"));
  const table = nameOf(tokens[on + 2]?.text === "." ? tokens[on + 3]! : tokens[on + 1]!);
  if (table === null) return null;
  const assigned = reading.rowAssignments.map(({ column }) => column);
  return {
    ...reading,
    rowAssignments: [],
    writes: [
      ...reading.writes,
      ...(assigned.length === 0 ? [] : [{ table, schema: null, columns: assigned, verb: "update" as const }]),
    ],
  };
}

/** `SET NEW.a = 1, NEW.b = 2`; other variables are none of the guard's. */
function readSet(tokens: readonly Token[]): SqlReading {
  const assigned = tokens.flatMap((token, at) => {
    const [dot, column, equals] = tokens.slice(at + 1, at + 4);
    if (!isWord(token, "NEW") || dot?.text !== "." || column === undefined || !/^:?=$/.test(equals?.text ?? ""))
      return [];
    return [{ routine: "", column: nameOf(column) ?? "" }];
  });
  return { ...nothing, rowAssignments: assigned };
}

function bodyOf(tokens: readonly Token[]): readonly Token[] | null {
  const begin = tokens.findIndex((token) => isWord(token, "BEGIN"));
  if (begin >= 0)
    return tokens.slice(
      begin + 1,
      tokens.findLastIndex((token) => isWord(token, "END")),
    );
  const row = tokens.findIndex((token) => isWord(token, "ROW"));
  const follows = tokens.findIndex(
    (token, at) => at > row && isWord(token, "UPDATE", "INSERT", "SET", "REPLACE", "DELETE", "CALL"),
  );
  return row >= 0 && follows >= 0 ? tokens.slice(follows) : null;
}

const controls = ["BEGIN", "THEN", "ELSE", "DO", "LOOP", "REPEAT", "HANDLER"];
const starts = ["UPDATE", "INSERT", "REPLACE", "DELETE", "WITH", "SET", "SELECT", "CALL", "EXECUTE", "PREPARE", "LOAD"];

/** Statements between `;` and the words of control flow. CASE and IF within an expression have no `;`. */
function statementsIn(body: readonly Token[]): Token[][] {
  const found: Token[][] = [];
  let current: Token[] | null = null;
  for (const [at, token] of body.entries()) {
    const before = body[at - 1];
    const fresh = before === undefined || before.text === ";" || before.text === ":" || isWord(before, ...controls);
    if (token.text === ";") {
      if (current !== null) found.push(current);
      current = null;
    } else if (current !== null) current.push(token);
    else if (fresh && isWord(token, ...starts)) current = [token];
    else if (!fresh && isWord(token, "UPDATE", "INSERT", "REPLACE") && body[at + 1]?.text !== "(") current = [token];
  }
  if (current !== null) found.push(current);
  return found.filter((statement) => mayWrite(statement));
}
