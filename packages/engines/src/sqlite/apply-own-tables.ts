import { type Connection, RunbackError, sha256 } from "@runback/core";
import { columnDefaults, ownChanges } from "./own-tables.ts";
import { endDeadWindows } from "./run-marker.ts";

/**
 * Creates or upgrades Runback's own tables. Ten processes at once on an empty file apply everything once: every
 * transaction has the file's one write lock. A change whose text differs from what this target recorded is refused, never
 * applied again.
 *
 * @returns the names of the changes applied now
 */
export async function applyOwnTables(tx: Connection): Promise<string[]> {
  await tx.script(`
    CREATE TABLE IF NOT EXISTS runback_ledger (
      version INTEGER PRIMARY KEY,
      name TEXT NOT NULL,
      sha256 TEXT NOT NULL,
      applied_at TEXT NOT NULL DEFAULT ${columnDefaults.now}
    )`);
  const ledger = await tx.query<{ version: number; sha256: string }>("SELECT version, sha256 FROM runback_ledger");
  const recorded = new Map(ledger.rows.map((row) => [row.version, row.sha256]));
  const newest = Math.max(0, ...recorded.keys());
  if (newest > ownChanges.length) {
    throw new RunbackError("TARGET_NEWER", `This target was set up by a newer Runback (change ${newest}).`, {
      recovery: "Nothing was changed. Use the Runback version that last ran against this target, or a newer one.",
    });
  }
  const applied: string[] = [];
  for (const change of ownChanges) {
    const hash = sha256(change.sql);
    const before = recorded.get(change.version);
    if (before === hash) continue;
    // A hole counts as a difference: what follows it was not applied on what it needs.
    if (before !== undefined || change.version <= newest) {
      throw new RunbackError(
        "LEDGER_MISMATCH",
        `Change ${change.version} (${change.name}) differs from what this target recorded.`,
        {
          recovery:
            "Nothing was changed. The installed Runback was modified, or the ledger was: compare runback_ledger with a clean install.",
        },
      );
    }
    await tx.script(change.sql);
    await tx.query("INSERT INTO runback_ledger (version, name, sha256) VALUES ($1, $2, $3)", [
      change.version,
      change.name,
      hash,
    ]);
    applied.push(change.name);
  }
  await endDeadWindows(tx);
  return applied;
}
