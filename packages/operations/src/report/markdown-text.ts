import { printable } from "./printable.ts";

const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", "|": "&#124;" };

/**
 * Plain text that no Markdown reader takes for markup, in a table cell as well as in a paragraph. Underscores inside words
 * stay (`FIRST_YEAR` is no emphasis), so that the source is readable and searchable. A pipe becomes an entity: readers
 * disagree on a backslash before an escaped pipe in a table. Addresses are not turned into links. No text is "(empty)",
 * because an empty cell or list item looks like a fault of the report.
 */
export function markdownText(text: string): string {
  const line = printable(text).trim();
  if (line === "") return "(empty)";
  return line
    .replace(/[\\`*[\]~$]/g, "\\$&")
    .replace(/(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu, "\\_")
    .replace(/[&<>|]/g, (character) => entities[character] ?? character)
    .replace(/^([-+=#:])/, "\\$1")
    .replace(/:(?=\/\/)/g, "\\:")
    .replace(/^(\d+)([.)])(?=\s|$)/, "$1\\$2");
}

/** Ids and values in a code span; as an HTML element where a span could not hold them in a table cell. */
export function markdownCode(text: string): string {
  const line = printable(text);
  return /[`|\\]|^ | $|^$/.test(line) ? `<code>${markdownText(line)}</code>` : `\`${line}\``;
}
