import { Readable } from "node:stream";
import { expect, test } from "vitest";
import { copyChunks } from "./copy-chunks.ts";

/** A stream as the driver makes it, with the socket's state. */
function driven() {
  const socket = { paused: false };
  const stream = new Readable({
    read() {
      socket.paused = false;
    },
  });
  const row = (bytes: Uint8Array) => {
    if (!stream.push(bytes)) socket.paused = true;
  };
  return { socket, stream, row };
}

const random = (length: number, seed: number) => Uint8Array.from({ length }, (_, at) => (at * 31 + seed) % 251);

test.each([0, 1, 100, 256 * 1024, 700_000])("rows of %d bytes come whole and in order", async (length) => {
  const { stream, row } = driven();
  const rows = Array.from({ length: 5 }, (_, at) => random(length, at));
  // The first came before anybody listened.
  row(rows[0]!);
  const got: Buffer[] = [];
  const reading = (async () => {
    for await (const chunk of copyChunks(stream)) got.push(Buffer.from(chunk));
  })();
  for (const each of rows.slice(1)) {
    row(each);
    await new Promise(setImmediate);
  }
  stream.push(null);
  await reading;
  expect(Buffer.concat(got).equals(Buffer.concat(rows))).toBe(true);
});

test("the socket is paused while nobody reads, and goes on when the end came in the same breath", async () => {
  const { socket, stream, row } = driven();
  const chunks = copyChunks(stream);
  const first = chunks.next();
  await new Promise(setImmediate);
  for (let at = 0; at < 1_200; at++) row(random(1024, at));
  stream.push(null);
  expect(socket.paused).toBe(true);
  let bytes = (await first).value!.byteLength;
  for await (const chunk of chunks) bytes += chunk.byteLength;
  expect(bytes).toBe(1_200 * 1024);
  expect(socket.paused).toBe(false);
});

test("an error of the stream is thrown after what came before it", async () => {
  const { stream, row } = driven();
  const chunks = copyChunks(stream);
  const first = chunks.next();
  await new Promise(setImmediate);
  row(random(300_000, 1));
  stream.destroy(new Error("the connection is gone"));
  expect((await first).value).toHaveLength(256 * 1024);
  await expect(chunks.next()).rejects.toThrow("the connection is gone");
});
