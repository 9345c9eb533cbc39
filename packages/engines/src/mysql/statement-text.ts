import type { Value } from "@runback/core";
import { escape as escapeValue } from "mysql2";

/** Names that operations give to columns of a result and that are reserved words here only. */
const reserved = new Set(["rows", "lines", "key", "rank", "groups", "system", "function", "window", "lead", "lag"]);

const token =
  /'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.|"")*"|`(?:[^`]|``)*`|--[^\n]*|\/\*[\s\S]*?\*\/|\$(\d+)|\bAS\s+([a-z_]+)\b/gi;

/**
 * A statement as the server takes it: `$n` becomes the n-th value, escaped as a literal, however often it occurs; an
 * alias that is a reserved word is quoted. Quoted text and comments stay as they are.
 */
export function statementText(text: string, params: readonly Value[]): string {
  return text.replace(token, (found, n: string | undefined, alias: string | undefined) => {
    if (n !== undefined) {
      const at = Number(n) - 1;
      if (at >= params.length) throw new Error(`the statement has no value for $${n}`);
      return escapeValue(params[at]);
    }
    return alias !== undefined && reserved.has(alias.toLowerCase()) ? `AS \`${alias}\`` : found;
  });
}
