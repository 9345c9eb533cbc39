import type { TextRow } from "@runback/core";

// Gathered before it goes to the socket: a write a row was thirty times slower than chunks of 64 KiB.
const chunkBytes = 64 * 1024;

const special = /[\\\n\r\t]/g;
const escapes: Readonly<Record<string, string>> = { "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t" };

function field(value: string | null): string {
  if (value === null) return "\\N";
  return special.test(value) ? value.replace(special, (character) => escapes[character]!) : value;
}

/** Encodes rows in the text format of COPY, in chunks. */
export async function* copyText(rows: AsyncIterable<TextRow>, counted: (rows: number) => void): AsyncIterable<Buffer> {
  let text = "";
  let count = 0;
  for await (const row of rows) {
    let line = "";
    for (let at = 0; at < row.length; at++) {
      if (at > 0) line += "\t";
      special.lastIndex = 0;
      line += field(row[at]!);
    }
    text += `${line}\n`;
    count++;
    if (text.length >= chunkBytes) {
      yield Buffer.from(text);
      text = "";
    }
  }
  counted(count);
  if (text !== "") yield Buffer.from(text);
}
