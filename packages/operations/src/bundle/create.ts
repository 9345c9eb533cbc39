import { isRunId } from "@runback/core";
import type { Context } from "../context.ts";
import { copyBundle } from "./copy-bundle.ts";
import { hashFolder } from "./hash-folder.ts";

export interface BundleCreated {
  /** The folder that is a bundle now. */
  readonly path: string;
  /** Of its `SHA256SUMS`. */
  readonly sha256: string;
  readonly files: number;
  /** False when everything was there already. */
  readonly written: boolean;
}

/**
 * Makes a bundle of a folder that another tool wrote, by adding `SHA256SUMS`; or, for a run id, copies the run's bundle from
 * the vault into a folder. What looks like a run id is one: write `./run-…` for a folder of that name.
 *
 * @param into folder for the copy; default one named like the run
 * @throws `BUNDLE_NOT_FOUND`, `BUNDLE_SUMS_DIFFER`, `BUNDLE_UNCOVERED`, `BUNDLE_DAMAGED`, `VAULT_EXISTS`
 */
export async function bundleCreate(context: Context, runIdOrFolder: string, into?: string): Promise<BundleCreated> {
  return isRunId(runIdOrFolder)
    ? await copyBundle(context, runIdOrFolder, into ?? runIdOrFolder)
    : await hashFolder(runIdOrFolder);
}
