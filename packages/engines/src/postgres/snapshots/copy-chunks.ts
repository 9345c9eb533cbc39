import type { Readable } from "node:stream";

const chunkBytes = 256 * 1024;
/** Chunks that wait to be read, before the driver is asked to pause. */
const waiting = 4;

/**
 * What a driver pushes into a stream row by row, as chunks of 256 KiB. A stream's own bookkeeping for each row took twice as long as
 * the hash of it: rows are copied into the chunk as they come instead, and the stream is left to say how it ended.
 */
export async function* copyChunks(stream: Readable): AsyncGenerator<Uint8Array> {
  const full: Buffer[] = [];
  let buffer = Buffer.allocUnsafe(chunkBytes);
  let used = 0;
  let ended = false;
  let failure: unknown;
  let wake = () => {};
  const take = (chunk: Uint8Array) => {
    for (let from = 0; from < chunk.byteLength; ) {
      const taken = Math.min(chunk.byteLength - from, chunkBytes - used);
      buffer.set(from === 0 && taken === chunk.byteLength ? chunk : chunk.subarray(from, from + taken), used);
      used += taken;
      from += taken;
      if (used < chunkBytes) continue;
      full.push(buffer);
      buffer = Buffer.allocUnsafe(chunkBytes);
      used = 0;
      wake();
    }
  };
  const end = () => {
    ended = true;
    wake();
  };
  const fail = (error: unknown) => {
    failure = error;
    end();
  };
  stream.on("error", fail).on("close", end);
  // What came in the same breath as the answer that there is a stream.
  for (let first = stream.read() as Buffer | null; first !== null; first = stream.read() as Buffer | null) take(first);
  const { push } = stream;
  stream.push = (chunk: Uint8Array | null) => {
    if (chunk === null) {
      end();
      return push.call(stream, null);
    }
    take(chunk);
    return full.length < waiting;
  };
  if (stream.destroyed || (stream as unknown as { _readableState: { ended: boolean } })._readableState.ended) end();
  try {
    stream._read(0);
    for (;;) {
      const chunk = full.shift();
      if (chunk !== undefined) {
        yield chunk;
        // The driver paused when it was told to; it goes on when it is asked for more.
        if (full.length === 0 && !ended) stream._read(0);
      } else if (failure !== undefined) throw failure;
      else if (ended) break;
      else
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
    }
    if (used > 0) yield buffer.subarray(0, used);
  } finally {
    // The end may come in the same breath as what the driver paused for: nobody would ask for more, and every later answer of the
    // session stayed unread (a snapshot of 600,000 rows hung in its COMMIT).
    stream._read(0);
  }
}
