import { RunbackError } from "./error.ts";

/** One numbered change of Runback's own tables, as a target's ledger records it. */
export interface LedgerEntry {
  readonly version: number;
  /** SHA-256 of the change's statements. */
  readonly sha256: string;
}

/**
 * The changes a target still needs, in order. One whose text differs from what the target recorded is refused, never applied again.
 *
 * @param ledger name of the ledger's table, for the operator who has to look
 * @throws `TARGET_NEWER`, `LEDGER_MISMATCH`
 */
export function pendingChanges<Change extends LedgerEntry & { readonly name: string }>(
  changes: readonly Change[],
  recorded: readonly LedgerEntry[],
  ledger: string,
): Change[] {
  const known = new Map(recorded.map(({ version, sha256 }) => [version, sha256]));
  const newest = Math.max(0, ...known.keys());
  if (newest > changes.length) {
    throw new RunbackError("TARGET_NEWER", `This target was set up by a newer Runback (change ${newest}).`, {
      recovery: "Nothing was changed. Use the Runback version that last ran against this target, or a newer one.",
    });
  }
  return changes.filter(({ version, name, sha256 }) => {
    const before = known.get(version);
    if (before === sha256) return false;
    // A hole counts as a difference: what follows it was not applied on what it needs.
    if (before === undefined && version > newest) return true;
    throw new RunbackError("LEDGER_MISMATCH", `Change ${version} (${name}) differs from what this target recorded.`, {
      recovery: `Nothing was changed. The installed Runback was modified, or the ledger was: compare ${ledger} with a clean install.`,
    });
  });
}
