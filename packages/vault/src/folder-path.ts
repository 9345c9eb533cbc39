import type { Stats } from "node:fs";
import { lstat, mkdir, open } from "node:fs/promises";
import { dirname, join } from "node:path";
import { keyInvalid } from "./errors.ts";
import { errnoOf } from "./folder-error.ts";

/** `lstat`, or `undefined` when there is nothing; a parent that is a file counts as nothing. */
export async function statOf(path: string): Promise<Stats | undefined> {
  try {
    return await lstat(path);
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === "ENOENT" || errno === "ENOTDIR") return undefined;
    throw error;
  }
}

/** Makes a new or removed name in the folder survive a power cut. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 });
    await syncFolder(dirname(path));
  } catch (error) {
    if (errnoOf(error) !== "EEXIST") throw error;
  }
}

/**
 * The path of a valid key below the root. Every folder on the way is looked at without following links: a link planted in
 * the vault must not make a key read or write somewhere else.
 *
 * @param create makes the folders that are missing (owner only: snapshots hold personal data)
 * @returns `undefined` when a folder on the way is missing or is an object, and `create` is false
 * @throws RunbackError `VAULT_KEY_INVALID` on a symbolic link, or when `create` meets an object where a folder must be
 */
export async function pathInside(root: string, key: string, create: boolean): Promise<string | undefined> {
  const segments = key.split("/");
  const name = segments.pop()!;
  let folder = root;
  for (const segment of segments) {
    folder = join(folder, segment);
    let stats = await statOf(folder);
    if (stats === undefined) {
      if (!create) return undefined;
      await makeFolder(folder);
      stats = await statOf(folder);
    }
    if (stats?.isSymbolicLink()) throw keyInvalid(key, "it passes through a symbolic link");
    if (stats !== undefined && !stats.isDirectory()) {
      if (create) throw keyInvalid(key, "a part of it is already an object, and a folder cannot hold both");
      return undefined;
    }
  }
  return join(folder, name);
}
