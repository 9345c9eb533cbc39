/** What a stretch of SQL is: code, something quoted, or a comment. */
interface Stretch {
  readonly kind: "code" | "quoted" | "comment";
  readonly text: string;
}

// Quoted things first, so that nothing inside them is taken for code. A tag of dollar quotes is closed by itself.
const quotedOrComment =
  /(?<comment>--[^\n]*|\/\*)|(?<quoted>(?<![\w$])[eE]'(?:[^'\\]|''|\\[\s\S])*'|'(?:[^']|'')*'|"(?:[^"]|"")*"|(?<![\w$])(?<tag>\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$)[\s\S]*?\k<tag>)/g;

/** Splits SQL into code, quoted text and comments (nested ones too). What is never closed runs to the end. */
export function* scan(sql: string): Generator<Stretch> {
  // Of its own: a generator left early would leave its place in a shared one.
  const stretches = new RegExp(quotedOrComment);
  let at = 0;
  for (let found = stretches.exec(sql); found !== null; found = stretches.exec(sql)) {
    if (found.index > at) yield { kind: "code", text: sql.slice(at, found.index) };
    const comment = found.groups?.comment;
    at = comment === "/*" ? endOfComment(sql, found.index) : found.index + found[0].length;
    yield { kind: comment === undefined ? "quoted" : "comment", text: sql.slice(found.index, at) };
    stretches.lastIndex = at;
  }
  if (at < sql.length) yield { kind: "code", text: sql.slice(at) };
}

function endOfComment(sql: string, start: number): number {
  const marks = /\/\*|\*\//g;
  marks.lastIndex = start;
  let depth = 0;
  for (let mark = marks.exec(sql); mark !== null; mark = marks.exec(sql)) {
    depth += mark[0] === "/*" ? 1 : -1;
    if (depth === 0) return marks.lastIndex;
  }
  return sql.length;
}

/** `$1` as `:p1`, wherever it is a placeholder. */
export function namePlaceholders(sql: string): string {
  let named = "";
  for (const { kind, text } of scan(sql)) {
    named += kind === "code" ? text.replace(/(?<![\w$])\$(\d+)/g, ":p$1") : text;
  }
  return named;
}

/**
 * Whether a statement only computes rows, so that it can stand in a FROM clause: there a statement that changes rows, locks
 * them or is none of SELECT, VALUES and TABLE may not.
 */
export function isQuery(sql: string): boolean {
  let code = "";
  for (const { kind, text } of scan(sql)) code += kind === "code" ? text : kind === "comment" ? " " : " x ";
  return (
    /^[\s(]*(?:select|with|values|table)\b/i.test(code) && !/\b(?:insert|update|delete|merge|into|share)\b/i.test(code)
  );
}
