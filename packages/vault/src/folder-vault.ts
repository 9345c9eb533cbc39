import { constants } from "node:fs";
import { link, mkdir, open, realpath, rename, rm, rmdir, unlink } from "node:fs/promises";
import { dirname } from "node:path";
import { pathToFileURL } from "node:url";
import {
  type ByteSource,
  type Clock,
  type ObjectInfo,
  type PutOptions,
  type PutResult,
  systemClock,
  type Vault,
} from "@runback/core";
import { corrupt, exists, keyInvalid, locked, notFound, rangeInvalid, retentionInvalid } from "./errors.ts";
import { errnoOf, io } from "./folder-error.ts";
import { listFolder } from "./folder-list.ts";
import { pathInside, statOf, syncFolder } from "./folder-path.ts";
import { forgetExpired, retain, retainedUntil } from "./folder-retention.ts";
import { beginWrite, writeBody } from "./folder-write.ts";
import { assertKey, assertPrefix } from "./key.ts";
import { assertRange, type ByteRange } from "./range.ts";

/**
 * A vault in a folder of a local file system: what S3 promises, kept with link(2), rename(2) and fsync(2).
 * Any number of processes of one machine may share it. Retention binds every one of them, but not whoever owns the disk.
 */
class FolderVault implements Vault {
  readonly location: string;
  readonly #root: string;
  readonly #clock: Clock;

  constructor(root: string, clock: Clock) {
    this.location = pathToFileURL(root).href;
    this.#root = root;
    this.#clock = clock;
  }

  async put(key: string, body: ByteSource, options: PutOptions = {}): Promise<PutResult> {
    assertKey(key);
    options.signal?.throwIfAborted();
    if (options.retainUntil !== undefined && !(options.retainUntil > this.#clock.now())) throw retentionInvalid();
    const taken = await io(this.location, pathInside(this.#root, key, false));
    if (taken !== undefined) await this.#refuseTaken(key, taken, options);
    const unfinished = await io(this.location, beginWrite(this.#root, key));
    let published = false;
    try {
      const result = await writeBody(unfinished, body, this.location, options.signal);
      if (options.retainUntil !== undefined) await io(this.location, retain(unfinished.path, options.retainUntil));
      await this.#publish(key, unfinished.temporary, unfinished.path, options);
      published = true;
      return result;
    } finally {
      await rm(unfinished.temporary, { force: true });
      if (!published) await this.#prune(dirname(unfinished.path));
    }
  }

  async *get(
    key: string,
    options: { range?: ByteRange; signal?: AbortSignal } = {},
  ): AsyncGenerator<Uint8Array, void, void> {
    assertKey(key);
    if (options.range !== undefined) assertRange(key, options.range);
    options.signal?.throwIfAborted();
    const path = await this.#objectPath(key);
    if (path === undefined) throw notFound(key, this.location);
    const handle = await this.#openObject(key, path);
    try {
      const size = (await io(this.location, handle.stat())).size;
      const start = options.range?.start ?? 0;
      if (options.range !== undefined && start >= size) throw rangeInvalid(key, `the object has ${size} bytes`);
      const wanted = Math.min(options.range?.end ?? size - 1, size - 1) - start + 1;
      let sent = 0;
      while (sent < wanted) {
        options.signal?.throwIfAborted();
        const buffer = Buffer.allocUnsafe(Math.min(256 * 1024, wanted - sent));
        const { bytesRead } = await io(this.location, handle.read(buffer, 0, buffer.byteLength, start + sent));
        if (bytesRead === 0) throw corrupt(key, `it ended after ${start + sent} of ${size} bytes`);
        sent += bytesRead;
        yield buffer.subarray(0, bytesRead);
      }
    } finally {
      await handle.close();
    }
  }

  async head(key: string): Promise<ObjectInfo | undefined> {
    assertKey(key);
    const path = await this.#objectPath(key);
    const stats = path === undefined ? undefined : await io(this.location, statOf(path));
    return stats?.isFile() ? { key, bytes: stats.size, modifiedAt: stats.mtime } : undefined;
  }

  async *list(prefix: string): AsyncGenerator<ObjectInfo, void, void> {
    assertPrefix(prefix);
    const listing = listFolder(this.#root, prefix);
    for (;;) {
      const next = await io(this.location, listing.next());
      if (next.done) return;
      yield next.value;
    }
  }

  async delete(key: string): Promise<void> {
    assertKey(key);
    const path = await this.#objectPath(key);
    if (path === undefined) return;
    const until = await io(this.location, retainedUntil(path, this.#clock.now()));
    if (until !== undefined) throw locked(key, until);
    try {
      await unlink(path);
    } catch (error) {
      const errno = errnoOf(error);
      if (errno === "ENOENT" || errno === "EISDIR") return;
      await io(this.location, Promise.reject(error));
    }
    await io(this.location, forgetExpired(path, this.#clock.now()));
    await this.#prune(dirname(path));
  }

  async close(): Promise<void> {}

  /** The path of a key that may hold an object; `undefined` when nothing is there. Links are refused. */
  async #objectPath(key: string): Promise<string | undefined> {
    const path = await io(this.location, pathInside(this.#root, key, false));
    const stats = path === undefined ? undefined : await io(this.location, statOf(path));
    if (stats?.isSymbolicLink()) throw keyInvalid(key, "it is a symbolic link");
    return stats?.isFile() ? path : undefined;
  }

  async #openObject(key: string, path: string) {
    try {
      // A link or a named pipe swapped in since the look above is neither followed nor waited for.
      return await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    } catch (error) {
      const errno = errnoOf(error);
      if (errno === "ENOENT") throw notFound(key, this.location, error);
      if (errno === "ELOOP") throw keyInvalid(key, "it is a symbolic link");
      return await io(this.location, Promise.reject(error));
    }
  }

  async #refuseTaken(key: string, path: string, options: PutOptions): Promise<void> {
    const stats = await io(this.location, statOf(path));
    if (stats === undefined) return;
    if (stats.isDirectory()) {
      // An empty folder is what a killed write left; anything else holds objects.
      const removed = await rmdir(path).then(
        () => true,
        () => false,
      );
      if (removed) return;
      throw keyInvalid(key, "other objects are below it, and a folder cannot hold both");
    }
    if (stats.isSymbolicLink()) throw keyInvalid(key, "it is a symbolic link");
    if (options.ifAbsent) throw exists(key, this.location);
    const until = await io(this.location, retainedUntil(path, this.#clock.now()));
    if (until !== undefined) throw locked(key, until);
  }

  async #publish(key: string, temporary: string, path: string, options: PutOptions): Promise<void> {
    try {
      // link(2) fails when the name is taken, whoever else is writing; rename(2) replaces it in one step.
      if (options.ifAbsent) await link(temporary, path);
      else await rename(temporary, path);
    } catch (error) {
      if (errnoOf(error) === "EEXIST") throw exists(key, this.location, error);
      await io(this.location, Promise.reject(error));
    }
    await io(this.location, syncFolder(dirname(path)));
  }

  /** Removes folders that became empty, so that their names are free for objects again, as on S3. */
  async #prune(folder: string): Promise<void> {
    for (let empty = folder; empty.length > this.#root.length; empty = dirname(empty)) {
      try {
        await rmdir(empty);
      } catch {
        return;
      }
    }
  }
}

/**
 * Opens a folder as a vault, making it (owner only) when it is missing.
 *
 * @param folder absolute or relative to the working directory; it may itself be a symbolic link
 * @throws RunbackError `VAULT_DENIED`, `VAULT_UNREACHABLE`
 */
export async function openFolderVault(folder: string, options: { clock?: Clock } = {}): Promise<Vault> {
  const location = pathToFileURL(folder).href;
  await io(location, mkdir(folder, { recursive: true, mode: 0o700 }));
  return new FolderVault(await io(location, realpath(folder)), options.clock ?? systemClock);
}
