import type { TextRow } from "@runback/core";

// Gathered before it goes to the socket: a write a row was thirty times slower than chunks of 64 KiB.
const chunkBytes = 64 * 1024;

const special = /[\\\n\r\t]/g;
const isSpecial = /[\\\n\r\t]/;
const escapes: Readonly<Record<string, string>> = { "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t" };

function field(value: string | null): string {
  if (value === null) return "\\N";
  return isSpecial.test(value) ? value.replace(special, (character) => escapes[character]!) : value;
}

/** Encodes rows in the text format of COPY, in chunks. Rows go straight into bytes: one growing string was mostly garbage. */
export async function* copyText(rows: AsyncIterable<TextRow>, counted: (rows: number) => void): AsyncIterable<Buffer> {
  let chunk = Buffer.allocUnsafe(chunkBytes);
  let used = 0;
  let count = 0;
  for await (const row of rows) {
    const line = `${row.map(field).join("\t")}\n`;
    // A UTF-16 unit is at most three bytes of UTF-8.
    if (used + line.length * 3 > chunk.length) {
      if (used > 0) yield chunk.subarray(0, used);
      chunk = Buffer.allocUnsafe(Math.max(chunkBytes, line.length * 3));
      used = 0;
    }
    used += chunk.write(line, used);
    count++;
  }
  counted(count);
  if (used > 0) yield chunk.subarray(0, used);
}
