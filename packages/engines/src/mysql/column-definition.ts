/** One token of a definition as the server prints it: a string, a quoted name, a comment, a word, or a single character. */
const token = /'(?:[^'\\]|\\[\s\S]|'')*'|`(?:[^`]|``)*`|\/\*[\s\S]*?\*\/|[\w$.\u0080-\uffff]+|\s+|[\s\S]/g;

/** What may follow NOT NULL: before the first of them it is where every server reads it. */
const followers =
  /^(default|on|auto_increment|comment|check|invisible|without|column_format|storage|references|\/\*.*)$/i;

/**
 * A column's definition (what `SHOW CREATE TABLE` prints behind its name) with NOT NULL, or without it; everything else as
 * it stands. `null` for one that cannot be told apart: the caller refuses it.
 */
export function withNullability(definition: string, nullable: boolean): string | null {
  const kept: string[] = [];
  let insertAt: number | null = null;
  let depth = 0;
  const tokens = [...definition.matchAll(token)].map(([text]) => text);
  const word = (at: number) => (depth === 0 ? (tokens[at] ?? "").toLowerCase() : "");
  for (let at = 0; at < tokens.length; at++) {
    const text = tokens[at]!;
    if (text === ")") depth--;
    if (depth < 0) return null;
    if (word(at) === "generated") return null;
    // `NOT NULL`, `DEFAULT NULL` and a bare `NULL`, each with the space before it.
    const next = /^\s+$/.test(tokens[at + 1] ?? "") ? at + 2 : -1;
    if ((word(at) === "not" || (word(at) === "default" && !nullable)) && word(next) === "null") {
      at = next;
      dropSpace(kept);
      continue;
    }
    if (word(at) === "null" && !(nullable && previousWord(kept) === "default")) {
      dropSpace(kept);
      continue;
    }
    if (depth === 0 && insertAt === null && followers.test(text)) insertAt = kept.length;
    kept.push(text);
    if (text === "(") depth++;
  }
  if (depth !== 0) return null;
  const wanted = nullable ? "NULL" : "NOT NULL";
  if (insertAt === null) return `${kept.join("").trimEnd()} ${wanted}`.trim();
  return `${kept.slice(0, insertAt).join("")}${wanted} ${kept.slice(insertAt).join("")}`.trim();
}

function dropSpace(kept: string[]): void {
  if (/^\s+$/.test(kept.at(-1) ?? "")) kept.pop();
}

const previousWord = (kept: readonly string[]) => kept.findLast((text) => !/^\s+$/.test(text))?.toLowerCase();

/** A definition without what says whether it takes NULL: equal before and after a change of that. */
export function besidesNullability(definition: string): string {
  return (withNullability(definition, false) ?? definition).replace(/ ?\bNOT NULL\b/, "");
}
