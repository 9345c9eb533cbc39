import { randomUUID } from "node:crypto";
import { type FileHandle, open } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { ByteSource, PutResult } from "@runback/core";
import { chunksOf, Tally } from "./byte-source.ts";
import { errnoOf, io } from "./folder-error.ts";
import { pathInside } from "./folder-path.ts";
import { RESERVED_PREFIX } from "./key.ts";

/** An unfinished object: a file of its own in the folder of its key, so that giving it its name is one atomic call. */
export interface Unfinished {
  /** Where the object will be. */
  readonly path: string;
  readonly temporary: string;
  readonly handle: FileHandle;
}

/** Opens the temporary file; tries again when a concurrent delete has just removed the emptied folder. */
export async function beginWrite(root: string, key: string): Promise<Unfinished> {
  for (let attempt = 1; ; attempt++) {
    const path = (await pathInside(root, key, true))!;
    const temporary = join(dirname(path), `${RESERVED_PREFIX}tmp-${randomUUID()}`);
    try {
      return { path, temporary, handle: await open(temporary, "wx", 0o600) };
    } catch (error) {
      if (errnoOf(error) !== "ENOENT" || attempt === 10) throw error;
    }
  }
}

/** Streams the body into the file, hashing on the way, and returns once it is on the disk. Closes the file in any case. */
export async function writeBody(
  { handle }: Unfinished,
  body: ByteSource,
  location: string,
  signal: AbortSignal | undefined,
): Promise<PutResult> {
  const tally = new Tally();
  try {
    for await (const chunk of chunksOf(body)) {
      signal?.throwIfAborted();
      tally.add(chunk);
      await io(location, handle.writeFile(chunk));
    }
    signal?.throwIfAborted();
    await io(location, handle.sync());
  } finally {
    await handle.close();
  }
  return tally.result();
}
