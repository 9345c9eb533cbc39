import { keyInvalid } from "./errors.ts";
import { assertKey } from "./key.ts";

/** The files that Runback itself reads from a bundle. */
export const BUNDLE_FILES = {
  report: "migration-report.json",
  policies: "policy-bundle.json",
  config: "migration-config.json",
  idMap: "id-map.json",
} as const;

const ROW_DIGESTS = "row-digests/";
const OWN = new Set<string>(Object.values(BUNDLE_FILES));

/** True for a name that Runback reads a meaning from: such a file in a bundle must be covered by its hashes. */
export function isBundleFile(name: string): boolean {
  return OWN.has(name) || name.startsWith(ROW_DIGESTS);
}

/** `row-digests/<table>.json`; what a file name cannot hold of a table's name is percent-encoded, so two tables never share a file. */
export function rowDigestsName(table: string): string {
  const safe = table.replace(/[%/\\\p{Cc}]/gu, (char) =>
    [...Buffer.from(char)].map((byte) => `%${byte.toString(16).padStart(2, "0").toUpperCase()}`).join(""),
  );
  return `${ROW_DIGESTS}${safe}.json`;
}

/**
 * `bundles/<run-id>`: where a run's bundle is in the vault.
 *
 * @throws RunbackError `VAULT_KEY_INVALID` for a run id that is not one plain segment
 */
export function bundlePrefix(runId: string): string {
  assertKey(runId);
  if (runId.includes("/")) throw keyInvalid(runId, "a run id has no slash");
  return `bundles/${runId}`;
}
