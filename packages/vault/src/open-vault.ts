import { fileURLToPath } from "node:url";
import type { Vault } from "@runback/core";
import { urlInvalid } from "./errors.ts";
import { openFolderVault } from "./folder-vault.ts";
import { parseS3Url } from "./s3-url.ts";
import type { S3VaultOptions } from "./s3-vault.ts";

export type OpenVaultOptions = S3VaultOptions;

function folderOf(url: URL): string {
  if (url.search !== "" || url.hash !== "")
    throw urlInvalid("a file URL takes no parameters (write ? as %3F, # as %23)");
  if (url.host !== "" && url.host !== "localhost")
    throw urlInvalid("a file URL needs three slashes: file:///srv/vault");
  try {
    return fileURLToPath(url);
  } catch {
    throw urlInvalid("the path of the file URL is not valid");
  }
}

/**
 * Opens the vault that a URL names: `file:///<folder>` (made when missing) or
 * `s3://<bucket>/<prefix>?endpoint=…&region=…&forcePathStyle=true&partBytes=…` (no request is sent until it is used).
 *
 * @throws RunbackError `VAULT_URL_INVALID` for another scheme or a malformed URL, `VAULT_DENIED` for a folder that cannot be made
 */
export async function openVault(url: string, options: OpenVaultOptions = {}): Promise<Vault> {
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch {
    throw urlInvalid("it is not a URL");
  }
  if (parsed.protocol === "file:") return await openFolderVault(folderOf(parsed), options);
  if (parsed.protocol === "s3:") {
    const location = parseS3Url(parsed);
    // Its client is larger than everything else that a command loads.
    const { openS3Vault } = await import("./s3-vault.ts");
    return await openS3Vault(location, options);
  }
  throw urlInvalid("its scheme is neither file nor s3");
}
