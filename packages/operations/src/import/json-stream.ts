/** Joins pieces of JSON text into chunks worth a write each. */
export async function* jsonChunks(pieces: AsyncIterable<string>): AsyncIterable<Uint8Array> {
  let text = "";
  for await (const piece of pieces) {
    text += piece;
    if (text.length < 64 * 1024) continue;
    yield Buffer.from(text);
    text = "";
  }
  if (text !== "") yield Buffer.from(text);
}

/** The items of a JSON array, one a line. */
export async function* jsonItems(items: AsyncIterable<unknown>): AsyncIterable<string> {
  let separator = "\n";
  for await (const item of items) {
    yield `${separator}    ${JSON.stringify(item)}`;
    separator = ",\n";
  }
}
