import { type ByteSource, RunbackError, sha256, type Vault } from "@runback/core";
import { bundleKey } from "./bundle-source.ts";
import { tallyOf } from "./byte-source.ts";
import { exists, shown } from "./errors.ts";
import { compareKeys } from "./key.ts";
import { formatSums, SUMS_NAME, type Sum } from "./sums.ts";

/** A file's bytes, or for large ones a function that starts a new stream of the same bytes each time it is called. */
export type BundleContent = Uint8Array | (() => AsyncIterable<Uint8Array>);
export type BundleFiles = ReadonlyMap<string, BundleContent>;

export interface WrittenBundle {
  /** The bundle's own SHA-256: that of its `SHA256SUMS`. */
  readonly sha256: string;
  /** In ascending order of the name, without `SHA256SUMS`. */
  readonly files: readonly (Sum & { readonly bytes: number })[];
}

function bodyOf(content: BundleContent): ByteSource {
  return content instanceof Uint8Array ? content : content();
}

/** Puts if absent; a file that is there with the same bytes is what an earlier, interrupted attempt wrote. */
async function putOnce(vault: Vault, key: string, content: BundleContent, retainUntil: Date | undefined) {
  const lock = retainUntil === undefined ? {} : { retainUntil };
  try {
    return await vault.put(key, bodyOf(content), { ifAbsent: true, ...lock });
  } catch (error) {
    if (!(error instanceof RunbackError) || error.code !== "VAULT_EXISTS") throw error;
    const wanted = await tallyOf(bodyOf(content));
    const found = await tallyOf(vault.get(key));
    if (found.sha256 !== wanted.sha256) throw error;
    return wanted;
  }
}

function refuseName(name: string, why: string): never {
  throw new RunbackError("BUNDLE_NAME_REFUSED", `The bundle file ${shown(name)} is refused: ${why}.`, {
    recovery: "Give the file another name. Nothing was written.",
    status: 400,
  });
}

/** Refuses names before anything is written: paths that lead elsewhere, and a file where another needs a folder. */
function assertNames(prefix: string, names: readonly string[]): void {
  const all = new Set(names);
  for (const name of names) {
    bundleKey(prefix, name);
    if (name === SUMS_NAME || name.startsWith(`${SUMS_NAME}/`)) refuseName(name, "the bundle writes that itself");
    for (let slash = name.indexOf("/"); slash >= 0; slash = name.indexOf("/", slash + 1)) {
      if (all.has(name.slice(0, slash))) refuseName(name, "another file has the name of its folder");
    }
  }
}

/** A finished bundle is never added to: other content is refused before any of its files is put beside the hashed ones. */
async function refuseFinished(
  vault: Vault,
  prefix: string,
  names: readonly string[],
  files: BundleFiles,
): Promise<void> {
  const key = bundleKey(prefix, SUMS_NAME);
  if ((await vault.head(key)) === undefined) return;
  const sums: Sum[] = [];
  for (const name of names) sums.push({ name, sha256: (await tallyOf(bodyOf(files.get(name)!))).sha256 });
  const { sha256: found } = await tallyOf(vault.get(key));
  if (found !== sha256(formatSums(sums))) throw exists(key, vault.location);
}

/**
 * Writes a bundle below `prefix`. Every file is put if absent and `SHA256SUMS` comes last: a bundle without it is incomplete, one with
 * it is whole. Writing the same content again is fine and changes nothing, so an interrupted write is simply repeated.
 *
 * @throws RunbackError `VAULT_EXISTS` when a file is there with other content, `VAULT_KEY_INVALID` or `BUNDLE_NAME_REFUSED` for a name
 */
export async function writeBundle(
  vault: Vault,
  prefix: string,
  files: BundleFiles,
  options: { readonly retainUntil?: Date } = {},
): Promise<WrittenBundle> {
  const names = [...files.keys()].sort(compareKeys);
  assertNames(prefix, names);
  await refuseFinished(vault, prefix, names, files);
  const written: (Sum & { bytes: number })[] = [];
  for (const name of names) {
    const result = await putOnce(vault, bundleKey(prefix, name), files.get(name)!, options.retainUntil);
    written.push({ name, ...result });
  }
  const sums = formatSums(written);
  await putOnce(vault, bundleKey(prefix, SUMS_NAME), Buffer.from(sums), options.retainUntil);
  return { sha256: sha256(sums), files: written };
}
