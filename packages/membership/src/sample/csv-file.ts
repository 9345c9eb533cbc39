import { createHash } from "node:crypto";
import { mkdir, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";

const needsQuotes = /[",\r\n]|^\s|\s$/;

/** One RFC 4180 record with its CRLF. */
export function csvRow(fields: readonly string[]): string {
  let line = "";
  for (let position = 0; position < fields.length; position++) {
    const field = fields[position] ?? "";
    if (position > 0) line += ",";
    line += needsQuotes.test(field) ? `"${field.replaceAll('"', '""')}"` : field;
  }
  return `${line}\r\n`;
}

export interface WrittenFile {
  /** Records without the header. */
  readonly rows: number;
  /** Lower-case hex SHA-256 of the bytes. */
  readonly sha256: string;
}

const chunkCharacters = 256 * 1024;

function* chunks(header: readonly string[], rows: Iterable<readonly string[]>, counted: () => void): Generator<Buffer> {
  let text = csvRow(header);
  for (const row of rows) {
    text += csvRow(row);
    counted();
    if (text.length >= chunkCharacters) {
      yield Buffer.from(text, "utf8");
      text = "";
    }
  }
  if (text !== "") yield Buffer.from(text, "utf8");
}

/**
 * Streams records to a CSV file: UTF-8, no byte order mark, CRLF. Memory holds one chunk, whatever the number of rows.
 * The file appears under its name only when complete, so a killed process never leaves a short export behind.
 *
 * @param path created with its folders, replaced when present
 */
export async function writeCsvFile(
  path: string,
  header: readonly string[],
  rows: Iterable<readonly string[]>,
): Promise<WrittenFile> {
  let count = 0;
  const hash = createHash("sha256");
  await mkdir(dirname(path), { recursive: true });
  const partial = `${path}.partial`;
  try {
    await using file = await open(partial, "w");
    for (const chunk of chunks(header, rows, () => count++)) {
      hash.update(chunk);
      await file.writeFile(chunk);
    }
  } catch (thrown) {
    await rm(partial, { force: true });
    throw thrown;
  }
  await rename(partial, path);
  return { rows: count, sha256: hash.digest("hex") };
}
