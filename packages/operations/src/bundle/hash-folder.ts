import { createHash } from "node:crypto";
import { readdir } from "node:fs/promises";
import { join, relative, resolve, sep } from "node:path";
import { pathToFileURL } from "node:url";
import { RunbackError, sha256 } from "@runback/core";
import { type BundleSource, formatSums, openVault, parseSums, readBundle, SUMS_NAME, type Sum } from "@runback/vault";
import type { BundleCreated } from "./create.ts";

const maxSumsBytes = 256 * 1024 * 1024;

/** Adds `SHA256SUMS` to a folder of another tool's making. One that is there and says the same is left as it is. */
export async function hashFolder(folder: string): Promise<BundleCreated> {
  const path = resolve(folder);
  const source = await readBundle(path);
  const names: string[] = [];
  for await (const { name } of source.list()) names.push(name);
  await refuseUncovered(path, new Set(names));
  const files = names.filter((name) => name !== SUMS_NAME);
  if (files.length === 0) {
    throw new RunbackError("BUNDLE_NOT_FOUND", `The folder ${folder} holds no files.`, {
      recovery: "Check the path.",
      status: 404,
    });
  }
  const sums: Sum[] = [];
  for (const name of files) sums.push({ name, sha256: await hashOf(source, name) });
  if (names.includes(SUMS_NAME)) {
    const there = await source.read(SUMS_NAME, maxSumsBytes);
    if (!sameSums(Buffer.from(there).toString(), sums)) throw differ(folder);
    return { path, sha256: sha256(there), files: files.length, written: false };
  }
  const text = formatSums(sums);
  const vault = await openVault(pathToFileURL(path).href);
  try {
    await vault.put(SUMS_NAME, Buffer.from(text), { ifAbsent: true });
  } catch (error) {
    if (error instanceof RunbackError && error.code === "VAULT_EXISTS") throw differ(folder);
    throw error;
  } finally {
    await vault.close();
  }
  return { path, sha256: sha256(text), files: files.length, written: true };
}

async function hashOf(source: BundleSource, name: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of source.stream(name)) hash.update(chunk);
  return hash.digest("hex");
}

/** Links, pipes and names that no bundle can hold: hashing the rest would let them pass as checked. */
async function refuseUncovered(path: string, listed: ReadonlySet<string>): Promise<void> {
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  const uncovered = entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(path, join(entry.parentPath, entry.name)).split(sep).join("/"))
    .filter((name) => !listed.has(name));
  if (uncovered.length === 0) return;
  throw new RunbackError(
    "BUNDLE_UNCOVERED",
    `${uncovered.length} file(s) cannot be part of a bundle, such as ${JSON.stringify(uncovered[0]!.slice(0, 120))}.`,
    {
      recovery:
        "Nothing was written. Replace links by the files they lead to, and rename files with control characters.",
    },
  );
}

function sameSums(text: string, sums: readonly Sum[]): boolean {
  const there = parseSums(text);
  return there.badLines.length === 0 && formatSums(there.sums) === formatSums(sums);
}

function differ(folder: string): RunbackError {
  return new RunbackError("BUNDLE_SUMS_DIFFER", `The SHA256SUMS in ${folder} does not match the files there.`, {
    recovery:
      "It was left as it is. `runback bundle verify` says which files differ. If the files are right, remove it and run this again.",
    exit: 1,
    status: 409,
  });
}
