import { compareKeys } from "./key.ts";

/** One line of a `SHA256SUMS` file. */
export interface Sum {
  readonly name: string;
  /** Lower-case hex. */
  readonly sha256: string;
}

/** The file every bundle ends with. */
export const SUMS_NAME = "SHA256SUMS";

const ESCAPES: Readonly<Record<string, string>> = { "\\": "\\\\", "\n": "\\n", "\r": "\\r" };
const UNESCAPES: Readonly<Record<string, string>> = { "\\\\": "\\", "\\n": "\n", "\\r": "\r" };

function formatLine({ name, sha256 }: Sum): string {
  const escaped = name.replace(/[\\\n\r]/g, (char) => ESCAPES[char]!);
  return `${escaped === name ? "" : "\\"}${sha256}  ${escaped}\n`;
}

/**
 * The text that `sha256sum -c SHA256SUMS` accepts: a line a file, sorted by the bytes of the name. A name with a backslash, newline or
 * carriage return is escaped and its line begins with a backslash, as coreutils does.
 */
export function formatSums(sums: readonly Sum[]): string {
  return sums
    .toSorted((a, b) => compareKeys(a.name, b.name))
    .map(formatLine)
    .join("");
}

function parseLine(line: string): Sum | undefined {
  const match = /^(\\?)([0-9a-f]{64}) [ *](.+)$/is.exec(line);
  if (match === null) return undefined;
  const [, escaped, , written] = match;
  const sha256 = match[2]!.toLowerCase();
  if (escaped === "") return { name: written!, sha256 };
  if (/\\(?![\\nr])/.test(written!.replaceAll("\\\\", ""))) return undefined;
  return { name: written!.replace(/\\[\\nr]/g, (pair) => UNESCAPES[pair]!), sha256 };
}

/**
 * Reads a `SHA256SUMS` file, also one that other tools wrote in text or binary mode.
 *
 * @returns the lines that are well-formed, and the numbers (from 1) of those that are not or that name a file twice
 */
export function parseSums(text: string): { readonly sums: readonly Sum[]; readonly badLines: readonly number[] } {
  const sums = new Map<string, Sum>();
  const badLines: number[] = [];
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  lines.forEach((line, index) => {
    const sum = parseLine(line);
    if (sum === undefined || sums.has(sum.name)) badLines.push(index + 1);
    else sums.set(sum.name, sum);
  });
  return { sums: [...sums.values()], badLines };
}
