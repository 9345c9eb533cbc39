import { token } from "./split-terms.ts";

interface Token {
  readonly text: string;
  readonly depth: number;
}

/**
 * The text of a table under another name, with NOT NULL on a column or without it; everything else as it stands. `null`
 * when the text cannot be taken apart.
 */
export function withNullability(sql: string, column: string, nullable: boolean, rename: string): string | null {
  const tokens = tokensOf(sql);
  const open = tokens.findIndex(({ text, depth }) => text === "(" && depth === 0);
  const item = open < 0 ? undefined : itemsAfter(tokens, open).find((each) => names(tokens, each, column));
  if (item === undefined) return null;
  const without = withoutNotNull(tokens, item);
  const { kept, end } = without;
  const own = nullable ? kept : [...kept.slice(0, end), " NOT NULL", ...kept.slice(end)];
  const text = (from: number, to?: number) =>
    tokens
      .slice(from, to)
      .map((each) => each.text)
      .join("");
  return `CREATE TABLE ${rename} ${text(open, item.from)}${own.join("")}${text(item.to)}`;
}

function tokensOf(sql: string): Token[] {
  let depth = 0;
  return [...sql.matchAll(token)].map(([text]) => {
    if (text === ")") depth--;
    const found = { text, depth };
    if (text === "(") depth++;
    return found;
  });
}

interface Item {
  readonly from: number;
  readonly to: number;
}

/** What stands between the commas of the outermost parentheses. */
function itemsAfter(tokens: readonly Token[], open: number): Item[] {
  const items: Item[] = [];
  let from = open + 1;
  for (let at = from; at < tokens.length; at++) {
    const { text, depth } = tokens[at]!;
    const closes = text === ")" && depth === 0;
    if (!closes && !(text === "," && depth === 1)) continue;
    items.push({ from, to: at });
    if (closes) break;
    from = at + 1;
  }
  return items;
}

const blank = (text: string | undefined) => text === undefined || /^(\s+|--.*|\/\*[\s\S]*)$/.test(text);

function names(tokens: readonly Token[], { from, to }: Item, column: string): boolean {
  const first = tokens.slice(from, to).find(({ text }) => !blank(text))?.text ?? "";
  const name = /^(".*"|`.*`|\[.*\]|'.*')$/s.test(first)
    ? first.slice(1, -1).replaceAll(first.at(-1)!.repeat(2), first.at(-1)!)
    : first;
  return name.toLowerCase() === column.toLowerCase();
}

/** The texts of a column's definition without NOT NULL, its name and its conflict clause; `end` is behind the last word. */
function withoutNotNull(tokens: readonly Token[], { from, to }: Item): { kept: string[]; end: number } {
  const words = tokens.slice(from, to).flatMap(({ text, depth }, at) => (blank(text) ? [] : [{ text, depth, at }]));
  const is = (at: number, word: string) => words[at]?.depth === 1 && words[at].text.toLowerCase() === word;
  const gone = new Set<number>();
  for (let at = 1; at < words.length; at++) {
    if (!is(at, "not") || !is(at + 1, "null")) continue;
    const first = is(at - 2, "constraint") ? at - 2 : at;
    const last = is(at + 2, "on") && is(at + 3, "conflict") ? at + 4 : at + 1;
    for (let place = words[first]!.at; place <= words[last]!.at; place++) gone.add(place);
  }
  const kept: string[] = [];
  let end = 0;
  for (let at = 0; at < to - from; at++) {
    if (gone.has(at)) continue;
    const { text } = tokens[from + at]!;
    kept.push(text);
    if (!blank(text)) end = kept.length;
  }
  return { kept, end };
}
