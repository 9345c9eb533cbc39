import { tooLarge } from "./errors.ts";

/**
 * Collects a stream into one array, and stops reading as soon as it is larger than allowed.
 *
 * @param maxBytes bytes; what comes from outside needs a limit, so there is no default
 * @param what names the thing in the error
 * @throws RunbackError `VAULT_TOO_LARGE`
 */
export async function readAll(
  stream: AsyncIterable<Uint8Array>,
  maxBytes: number,
  what = "The object",
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of stream) {
    bytes += chunk.byteLength;
    if (bytes > maxBytes) throw tooLarge(what, maxBytes);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, bytes);
}
