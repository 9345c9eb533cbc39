import type { ByteSource } from "@runback/core";
import { chunksOf, type Tally } from "./byte-source.ts";

const FIRST_CAPACITY = 64 * 1024;

/**
 * Cuts a body into parts of exactly `partBytes`, the last one shorter, and tallies it on the way. Chunks are copied: a source may
 * reuse its buffer. A part's memory grows with what is in it, so that a thousand small objects do not cost a thousand full parts.
 */
export async function* inParts(body: ByteSource, partBytes: number, tally: Tally): AsyncGenerator<Uint8Array> {
  let part = Buffer.allocUnsafe(0);
  let filled = 0;
  for await (const chunk of chunksOf(body, partBytes)) {
    tally.add(chunk);
    for (let from = 0; from < chunk.byteLength; ) {
      const taken = Math.min(chunk.byteLength - from, partBytes - filled);
      if (filled + taken > part.byteLength) {
        const wanted = Math.max(FIRST_CAPACITY, filled + taken, part.byteLength * 2);
        const grown = Buffer.allocUnsafe(Math.min(partBytes, wanted));
        part.copy(grown, 0, 0, filled);
        part = grown;
      }
      part.set(chunk.subarray(from, from + taken), filled);
      filled += taken;
      from += taken;
      if (filled === partBytes) {
        yield part;
        part = Buffer.allocUnsafe(0);
        filled = 0;
      }
    }
  }
  if (filled > 0) yield part.subarray(0, filled);
}
