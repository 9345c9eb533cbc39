/** Bytes gathered for one COPY. */
const partBytes = 4 * 1024 * 1024;
const headerBytes = 19;
const trailer = Buffer.from([0xff, 0xff]);

/**
 * Cuts a COPY stream into parts that are streams of their own: COPY input is one blob here, and a table does not fit in one.
 * @throws Error when a binary stream is cut off
 */
export async function* wholeRows(
  chunks: AsyncIterable<Uint8Array>,
  binary: boolean,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  let rest: Buffer<ArrayBuffer> = Buffer.alloc(0);
  let header: Buffer<ArrayBuffer> | undefined;
  for await (const chunk of chunks) {
    rest = Buffer.concat([rest, chunk]);
    if (rest.length < partBytes) continue;
    if (binary && header === undefined) [header, rest] = [rest.subarray(0, headerBytes), rest.subarray(headerBytes)];
    const end = binary ? lastRow(rest) : rest.lastIndexOf(10) + 1;
    if (end === 0) continue;
    yield header ? Buffer.concat([header, rest.subarray(0, end), trailer]) : rest.subarray(0, end);
    rest = rest.subarray(end);
  }
  // What is left ends with the trailer of the whole.
  if (rest.length > 0) yield header ? Buffer.concat([header, rest]) : rest;
}

/** Where the last whole row ends: each is a count of fields, then length and bytes of each, -1 for NULL. */
function lastRow(bytes: Buffer): number {
  let end = 0;
  for (;;) {
    if (end + 2 > bytes.length) return end;
    const fields = bytes.readInt16BE(end);
    // The trailer: not a row.
    if (fields < 0) return end;
    let at = end + 2;
    for (let field = 0; field < fields; field++) {
      if (at + 4 > bytes.length) return end;
      at += 4 + Math.max(0, bytes.readInt32BE(at));
    }
    if (at > bytes.length) return end;
    end = at;
  }
}
