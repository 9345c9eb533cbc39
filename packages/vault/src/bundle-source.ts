import { stat } from "node:fs/promises";
import { pathToFileURL } from "node:url";
import { RunbackError, type Vault } from "@runback/core";
import { errnoOf, folderError } from "./folder-error.ts";
import { openFolderVault } from "./folder-vault.ts";
import { assertKey } from "./key.ts";
import { readAll } from "./read-all.ts";

/** The files of one bundle, wherever it is kept. Names are relative to the bundle. */
export interface BundleSource {
  /** Where it is, without secrets. */
  readonly location: string;
  /** Every file, in ascending order of its name. */
  list(): AsyncIterable<{ readonly name: string; readonly bytes: number }>;
  /** `VAULT_NOT_FOUND` when absent. */
  stream(name: string): AsyncIterable<Uint8Array>;
  /** The whole file; `VAULT_TOO_LARGE` beyond `maxBytes`, `VAULT_NOT_FOUND` when absent. */
  read(name: string, maxBytes: number): Promise<Uint8Array>;
}

/** A bundle in a vault, under `prefix` (without the slash at its end; empty for the vault itself). */
export interface BundlePlace {
  readonly vault: Vault;
  readonly prefix: string;
}

/** The key of a bundle's file. @throws RunbackError `VAULT_KEY_INVALID` when prefix or name are not plain paths */
export function bundleKey(prefix: string, name: string): string {
  if (prefix !== "") assertKey(prefix);
  assertKey(name);
  return prefix === "" ? name : `${prefix}/${name}`;
}

function sourceOf({ vault, prefix }: BundlePlace): BundleSource {
  const base = prefix === "" ? "" : `${prefix}/`;
  return {
    location: prefix === "" ? vault.location : `${vault.location}/${prefix}`,
    async *list() {
      for await (const { key, bytes } of vault.list(base)) yield { name: key.slice(base.length), bytes };
    },
    async *stream(name) {
      yield* vault.get(bundleKey(prefix, name));
    },
    async read(name, maxBytes) {
      return await readAll(vault.get(bundleKey(prefix, name)), maxBytes, `The bundle file ${name}`);
    },
  };
}

/**
 * Opens a bundle for reading: a folder on disk (its path), or a place in a vault. Nothing is made when it is missing.
 *
 * @throws RunbackError `BUNDLE_NOT_FOUND`, `VAULT_KEY_INVALID`
 */
export async function readBundle(from: string | BundlePlace): Promise<BundleSource> {
  if (typeof from !== "string") {
    if (from.prefix !== "") assertKey(from.prefix);
    const source = sourceOf(from);
    for await (const _ of source.list()) return source;
    throw notFound(source.location);
  }
  try {
    if (!(await stat(from)).isDirectory()) throw notFound(from);
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === "ENOENT" || errno === "ENOTDIR") throw notFound(from, error);
    throw folderError(error, pathToFileURL(from).href);
  }
  return sourceOf({ vault: await openFolderVault(from), prefix: "" });
}

function notFound(location: string, cause?: unknown): RunbackError {
  return new RunbackError("BUNDLE_NOT_FOUND", `There is no bundle at ${location}.`, {
    recovery: "Check the path or run id; `runback runs` lists the runs and their bundles.",
    status: 404,
    cause,
  });
}
