import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { ObjectInfo } from "@runback/core";
import { errnoOf } from "./folder-error.ts";
import { pathInside, statOf } from "./folder-path.ts";
import { compareKeys, isKey } from "./key.ts";

interface Entry {
  readonly name: string;
  /** Ends in a slash for a folder: `a-b`, `a.b` and `a/b` then sort as the keys below them do. */
  readonly sortName: string;
  readonly isFolder: boolean;
}

async function entriesOf(folder: string): Promise<Entry[]> {
  try {
    const found = await readdir(folder, { withFileTypes: true });
    return found
      .filter((entry) => entry.isDirectory() || entry.isFile())
      .map((entry) => ({
        name: entry.name,
        sortName: entry.isDirectory() ? `${entry.name}/` : entry.name,
        isFolder: entry.isDirectory(),
      }))
      .sort((a, b) => compareKeys(a.sortName, b.sortName));
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === "ENOENT" || errno === "ENOTDIR") return [];
    throw error;
  }
}

async function* walk(folder: string, base: string, prefix: string): AsyncGenerator<ObjectInfo> {
  for (const entry of await entriesOf(folder)) {
    const key = `${base}${entry.name}`;
    // Reserved names (unfinished writes, retention), links and what no key could name are not objects of this vault.
    if (!isKey(key)) continue;
    const path = join(folder, entry.name);
    if (entry.isFolder) {
      if (`${key}/`.startsWith(prefix) || prefix.startsWith(`${key}/`)) yield* walk(path, `${key}/`, prefix);
    } else if (key.startsWith(prefix)) {
      const stats = await statOf(path);
      if (stats?.isFile()) yield { key, bytes: stats.size, modifiedAt: stats.mtime };
    }
  }
}

/** The objects below `root` whose key begins with the prefix, in the order S3 lists them. One folder's names are in memory at a time. */
export async function* listFolder(root: string, prefix: string): AsyncGenerator<ObjectInfo> {
  const base = prefix.slice(0, prefix.lastIndexOf("/") + 1);
  const start = base === "" ? root : await pathInside(root, base.slice(0, -1), false);
  if (start === undefined) return;
  if (base !== "" && (await statOf(start))?.isDirectory() !== true) return;
  yield* walk(start, base, prefix);
}
