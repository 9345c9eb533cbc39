import { createHash } from "node:crypto";
import type { ByteSource, PutResult } from "@runback/core";

/** A body as a stream, whichever form it came in; a large array is cut so that no consumer copies it whole. */
export async function* chunksOf(body: ByteSource, chunkBytes = 1 << 20): AsyncGenerator<Uint8Array> {
  if (!(body instanceof Uint8Array)) {
    yield* body;
    return;
  }
  for (let start = 0; start < body.byteLength; start += chunkBytes) yield body.subarray(start, start + chunkBytes);
}

/** Counts and hashes what passes by. */
export class Tally {
  readonly #hash = createHash("sha256");
  #bytes = 0;

  add(chunk: Uint8Array): void {
    this.#hash.update(chunk);
    this.#bytes += chunk.byteLength;
  }

  /** Ends the tally; call it once. */
  result(): PutResult {
    return { sha256: this.#hash.digest("hex"), bytes: this.#bytes };
  }
}

/** SHA-256 (lower-case hex) and size of a body. */
export async function tallyOf(body: ByteSource): Promise<PutResult> {
  const tally = new Tally();
  for await (const chunk of chunksOf(body)) tally.add(chunk);
  return tally.result();
}
