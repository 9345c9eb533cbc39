import type { Connection, TextRow } from "@runback/core";
import type { CopyRequest } from "../postgres/snapshots/copy-session.ts";
import { loadRows } from "./load-rows.ts";
import { quotedNames, unquoted } from "./quoted-names.ts";

/** Loads what COPY gave in text; its binary form, which only COPY itself reads, is refused before it comes here. */
export async function copyIn(
  tx: Connection,
  { table, columns, binary }: CopyRequest,
  chunks: AsyncIterable<Uint8Array>,
): Promise<void> {
  if (binary) throw new Error(`the rows of ${table} are in binary form`);
  const names = quotedNames(columns).map(unquoted);
  const [schema, name] = quotedNames(table).map(unquoted) as [string, string];
  if (names.length > 0) await loadRows(tx, { schema, name }, names, copiedRows(chunks));
  else {
    let rows = 0;
    for await (const _ of copiedRows(chunks)) rows++;
    await tx.query(`INSERT INTO ${table} SELECT FROM pg_catalog.generate_series(1, $1::int)`, [rows]);
  }
}

const escaped = /\\(.)/g;
const meant: Readonly<Record<string, string>> = { b: "\b", f: "\f", n: "\n", r: "\r", t: "\t", v: "\v" };

async function* copiedRows(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<TextRow> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of chunks) {
    rest = rest.length === 0 ? Buffer.from(chunk) : Buffer.concat([rest, chunk]);
    const end = rest.lastIndexOf(10);
    if (end < 0) continue;
    for (const line of rest.toString("utf8", 0, end).split("\n")) yield line.split("\t").map(field);
    rest = rest.subarray(end + 1);
  }
  if (rest.length > 0) throw new Error("the stream of rows is cut off");
}

function field(text: string): string | null {
  if (text === "\\N") return null;
  return text.includes("\\") ? text.replace(escaped, (_, letter: string) => meant[letter] ?? letter) : text;
}
