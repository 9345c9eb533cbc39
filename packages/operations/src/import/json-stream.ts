/**
 * Joins pieces of JSON text into chunks worth a write each. Joined as bytes: strings of more than 128 KiB live where only a
 * full collection frees them.
 */
export async function* jsonChunks(pieces: AsyncIterable<string>): AsyncIterable<Uint8Array> {
  let parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of pieces) {
    const part = Buffer.from(piece);
    parts.push(part);
    bytes += part.length;
    if (bytes < 64 * 1024) continue;
    yield Buffer.concat(parts);
    parts = [];
    bytes = 0;
  }
  if (bytes > 0) yield Buffer.concat(parts);
}

/** The items of a JSON array, one a line. */
export async function* jsonItems(items: AsyncIterable<unknown>): AsyncIterable<string> {
  let separator = "\n";
  for await (const item of items) {
    yield `${separator}    ${JSON.stringify(item)}`;
    separator = ",\n";
  }
}
