import { createHash } from "node:crypto";
import { GetObjectCommand, type GetObjectCommandOutput } from "@aws-sdk/client-s3";
import { RunbackError } from "@runback/core";
import { corrupt, refused, unreachable } from "./errors.ts";
import type { ByteRange } from "./range.ts";
import type { S3Context } from "./s3-context.ts";
import { failureOf, s3Error } from "./s3-error.ts";
import { MAX_SILENCES, request, silenceMs } from "./s3-request.ts";

function asStream(output: GetObjectCommandOutput): AsyncIterable<Uint8Array> | undefined {
  const body: unknown = output.Body;
  if (typeof body !== "object" || body === null || !(Symbol.asyncIterator in body)) return undefined;
  return body as AsyncIterable<Uint8Array>;
}

/** The chunks of an answer; a silence longer than `idleMs` ends it with an error. Leaving early closes the connection. */
async function* withIdleBound(
  stream: AsyncIterable<Uint8Array>,
  idleMs: number,
  location: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  const iterator = stream[Symbol.asyncIterator]();
  try {
    for (;;) {
      const { promise, reject } = Promise.withResolvers<never>();
      const timer = setTimeout(() => reject(unreachable(location, `silence of ${Math.round(idleMs)} ms`)), idleMs);
      const abort = () => reject(signal?.reason);
      signal?.addEventListener("abort", abort, { once: true });
      try {
        signal?.throwIfAborted();
        const next = await Promise.race([iterator.next(), promise]);
        if (next.done) return;
        yield next.value;
      } finally {
        clearTimeout(timer);
        signal?.removeEventListener("abort", abort);
      }
    }
  } finally {
    // Not awaited: after a silence the pending read never ends by itself, but destroying the stream ends it.
    if ("destroy" in stream && typeof stream.destroy === "function") stream.destroy();
    else void iterator.return?.();
  }
}

function expectedRange(key: string, output: GetObjectCommandOutput, wanted: ByteRange | undefined, location: string) {
  if (output.ContentLength === undefined) throw refused(location, "it gave no Content-Length");
  if (wanted === undefined) return { start: 0, end: output.ContentLength - 1 };
  const match = /^bytes (\d+)-(\d+)\//.exec(output.ContentRange ?? "");
  if (match === null || Number(match[1]) !== wanted.start) throw refused(location, "it did not honour a Range request");
  const end = Number(match[2]);
  if (end - wanted.start + 1 !== output.ContentLength) throw corrupt(key, "length and range of the answer differ");
  return { start: wanted.start, end };
}

/**
 * Streams an object or a range of it. A connection that breaks is taken up where it broke, on the same version of
 * the object, as often as the patience allows; what ends short of its length, or does not match the SHA-256 stored with the
 * object, is `VAULT_CORRUPT`.
 *
 * S3 keeps a whole-object SHA-256 only of objects put in one request; a multipart object's is checked by whoever holds its manifest.
 */
export async function* download(
  context: S3Context,
  key: string,
  range: ByteRange | undefined,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void, void> {
  const { location, patience } = context;
  const about = { key, location, patience, signal };
  const fetch = (wanted: ByteRange | undefined, etag: string | undefined) =>
    request(
      (abortSignal) =>
        context.reader.send(
          new GetObjectCommand({
            Bucket: context.bucket,
            Key: context.prefix + key,
            ...(wanted === undefined
              ? { ChecksumMode: "ENABLED" }
              : { Range: `bytes=${wanted.start}-${wanted.end ?? ""}` }),
            ...(etag === undefined ? {} : { IfMatch: etag }),
          }),
          { abortSignal },
        ),
      about,
    );

  let output = await fetch(range, undefined);
  const { start, end } = expectedRange(key, output, range, location);
  const stored = output.ChecksumSHA256?.includes("-") ? undefined : output.ChecksumSHA256;
  const hash = createHash("sha256");
  let position = start;
  let silences = 0;
  for (let attempt = 1; ; attempt++) {
    const stream = asStream(output);
    if (stream === undefined) throw refused(location, "it answered without a body");
    let broken: unknown;
    try {
      for await (const chunk of withIdleBound(stream, silenceMs(patience), location, signal)) {
        if (range === undefined) hash.update(chunk);
        position += chunk.byteLength;
        yield chunk;
      }
    } catch (error) {
      signal?.throwIfAborted();
      if (/checksum mismatch/i.test(failureOf(error).message)) throw corrupt(key, "its checksum differs", error);
      broken = error;
    }
    if (position > end) break;
    const silent = broken instanceof RunbackError;
    if (silent) silences += 1;
    if (attempt >= patience.attempts || silences >= MAX_SILENCES) {
      if (silent) throw broken;
      throw corrupt(key, `it ended after ${position - start} of ${end - start + 1} bytes`, broken);
    }
    output = await resume(key, location, () => fetch({ start: position, end }, output.ETag));
    expectedRange(key, output, { start: position, end }, location);
  }
  if (stored !== undefined && range === undefined && hash.digest("base64") !== stored) {
    throw corrupt(key, "its SHA-256 differs from the one it was stored with");
  }
}

async function resume<T>(key: string, location: string, fetch: () => Promise<T>): Promise<T> {
  try {
    return await fetch();
  } catch (error) {
    const typed = s3Error(error, key, location);
    if (typed instanceof RunbackError && (typed.code === "VAULT_EXISTS" || typed.code === "VAULT_NOT_FOUND")) {
      throw corrupt(key, "it was replaced or deleted while it was read", typed);
    }
    throw typed;
  }
}
