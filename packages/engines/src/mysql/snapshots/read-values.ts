import { RunbackError } from "@runback/core";

/**
 * Calls back with every value of a stream that `RowWriter` made, in its order, whatever its chunks are.
 * @param value gets the bytes between two offsets of a buffer; `from` is -1 for NULL. What it returns is awaited when it is a promise.
 */
export async function readValues(
  chunks: AsyncIterable<Uint8Array>,
  value: (buffer: Uint8Array, from: number, to: number) => Promise<void> | undefined,
): Promise<void> {
  let rest: Uint8Array[] = [];
  let held = 0;
  // A value of many chunks is joined once, when its last byte is there.
  let needed = 0;
  for await (const chunk of chunks) {
    held += chunk.length;
    if (held < needed) {
      rest.push(chunk);
      continue;
    }
    const buffer: Uint8Array = rest.length === 0 ? chunk : Buffer.concat([...rest, chunk]);
    let at = 0;
    rest = [];
    held = 0;
    needed = 0;
    while (at < buffer.length) {
      const began = at;
      let length = 0;
      let shift = 0;
      let byte = 0x80;
      while (byte >= 0x80 && at < buffer.length) {
        byte = buffer[at++]!;
        length += (byte & 0x7f) * 2 ** shift;
        shift += 7;
      }
      if (byte >= 0x80 || at + length - 1 > buffer.length) {
        rest = [buffer.subarray(began)];
        held = buffer.length - began;
        needed = byte >= 0x80 ? 0 : at - began + length - 1;
        break;
      }
      const waiting = length === 0 ? value(buffer, -1, -1) : value(buffer, at, at + length - 1);
      if (length > 0) at += length - 1;
      if (waiting !== undefined) await waiting;
    }
  }
  if (held === 0) return;
  throw new RunbackError("SNAPSHOT_DAMAGED", "The rows of a table end in the middle of a value.", {
    recovery: "Nothing was changed. Use another snapshot or copy.",
    exit: 1,
    status: 409,
  });
}
