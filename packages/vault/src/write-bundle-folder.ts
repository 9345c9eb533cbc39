import { randomUUID } from "node:crypto";
import { mkdir, realpath, rename, rm } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { RunbackError } from "@runback/core";
import { readBundle } from "./bundle-source.ts";
import { exists } from "./errors.ts";
import { errnoOf, io } from "./folder-error.ts";
import { syncFolder } from "./folder-path.ts";
import { openFolderVault } from "./folder-vault.ts";
import { RESERVED_PREFIX } from "./key.ts";
import { verifyBundle } from "./verify-bundle.ts";
import { type BundleFiles, type WrittenBundle, writeBundle } from "./write-bundle.ts";

async function isThere(folder: string, wanted: WrittenBundle): Promise<boolean> {
  try {
    const found = await verifyBundle(await readBundle(folder));
    return found.ok && found.sha256 === wanted.sha256;
  } catch (error) {
    // A file where the folder should be: not this bundle, whatever it is.
    if (error instanceof RunbackError && error.code === "BUNDLE_NOT_FOUND") return false;
    throw error;
  }
}

/**
 * Writes a bundle as a folder on disk, for `import --bundle <dir>`. It appears at once and whole: everything is written to a hidden
 * folder beside it, which is then renamed. A missing or empty folder is filled; one that holds this very bundle is left as it is.
 *
 * @throws RunbackError `VAULT_EXISTS` when the folder holds anything else
 */
export async function writeBundleFolder(folder: string, files: BundleFiles): Promise<WrittenBundle> {
  const asked = resolve(folder);
  const location = pathToFileURL(asked).href;
  await io(location, mkdir(dirname(asked), { recursive: true }));
  // A link to an empty folder is filled where it leads; rename(2) would refuse to replace the link.
  const target = await realpath(asked).catch(() => asked);
  const parent = dirname(target);
  const temporary = join(parent, `${RESERVED_PREFIX}tmp-${randomUUID()}`);
  try {
    const written = await writeBundle(await openFolderVault(temporary), "", files);
    try {
      await rename(temporary, target);
      await syncFolder(parent);
    } catch (error) {
      const errno = errnoOf(error);
      if (errno !== "ENOTEMPTY" && errno !== "EEXIST" && errno !== "ENOTDIR") await io(location, Promise.reject(error));
      if (!(await isThere(target, written))) throw exists(basename(target), pathToFileURL(parent).href, error);
    }
    return written;
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}
