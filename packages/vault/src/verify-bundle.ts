import { RunbackError, sha256 } from "@runback/core";
import { isBundleFile } from "./bundle-names.ts";
import type { BundleSource } from "./bundle-source.ts";
import { tallyOf } from "./byte-source.ts";
import { isKey } from "./key.ts";
import { parseSums, SUMS_NAME, type Sum } from "./sums.ts";

/** A million lines of the longest names; nothing that calls itself SHA256SUMS is larger. */
const MAX_SUMS_BYTES = 256 * 1024 * 1024;

export interface BundleFileResult {
  readonly name: string;
  readonly ok: boolean;
  /** Why not, for people. */
  readonly reason?: string;
}

export interface BundleVerification {
  /** Of `SHA256SUMS`; `null` when the bundle has none: it was written by another tool, or its writing was interrupted. */
  readonly sha256: string | null;
  /** Every file that `SHA256SUMS` lists, in its order; `SHA256SUMS` itself only when it is malformed. */
  readonly files: readonly BundleFileResult[];
  /** Listed but not there. */
  readonly missing: readonly string[];
  /** There but not listed, and so not covered by any hash. */
  readonly extra: readonly string[];
  /**
   * All hashes hold, nothing is missing, and no extra file has a name that Runback would read: a planted `policy-bundle.json` fails, a
   * report that someone saved beside the bundle does not.
   */
  readonly ok: boolean;
}

async function checkFile(source: BundleSource, { name, sha256: expected }: Sum): Promise<BundleFileResult> {
  if (!isKey(name)) return { name, ok: false, reason: "its name leads outside the bundle or is no plain path" };
  try {
    const { sha256: actual } = await tallyOf(source.stream(name));
    return actual === expected ? { name, ok: true } : { name, ok: false, reason: "its content differs from its hash" };
  } catch (error) {
    if (!(error instanceof RunbackError)) throw error;
    if (error.code === "VAULT_NOT_FOUND") return { name, ok: false, reason: "it is missing" };
    if (error.code === "VAULT_CORRUPT" || error.code === "VAULT_KEY_INVALID") {
      return { name, ok: false, reason: error.message };
    }
    throw error;
  }
}

/**
 * Checks every file of a bundle against its `SHA256SUMS`, streaming. Bad content is a result; only an unreachable store is an error.
 */
export async function verifyBundle(source: BundleSource): Promise<BundleVerification> {
  const present = new Set<string>();
  for await (const { name } of source.list()) present.add(name);
  if (!present.has(SUMS_NAME)) {
    return { sha256: null, files: [], missing: [SUMS_NAME], extra: [...present], ok: false };
  }
  const bytes = await source.read(SUMS_NAME, MAX_SUMS_BYTES);
  const { sums, badLines } = parseSums(Buffer.from(bytes).toString("utf8"));
  const files: BundleFileResult[] = [];
  for (const sum of sums) files.push(await checkFile(source, sum));
  if (badLines.length > 0 || sums.length === 0) {
    const reason =
      sums.length === 0 ? "it lists nothing" : `malformed or repeated: line ${badLines.slice(0, 10).join(", ")}`;
    files.push({ name: SUMS_NAME, ok: false, reason });
  }
  const listed = new Set(sums.map(({ name }) => name));
  const missing = [...listed].filter((name) => !present.has(name));
  const extra = [...present].filter((name) => !listed.has(name) && name !== SUMS_NAME);
  const ok = missing.length === 0 && files.every((file) => file.ok) && !extra.some(isBundleFile);
  return { sha256: sha256(bytes), files, missing, extra, ok };
}
