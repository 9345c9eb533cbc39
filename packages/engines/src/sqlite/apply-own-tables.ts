import { type Connection, pendingChanges, sha256 } from "@runback/core";
import { columnDefaults } from "./own-tables/column-defaults.ts";
import { ownChanges } from "./own-tables.ts";
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
  const changes = ownChanges.map((change) => ({ ...change, sha256: sha256(change.sql) }));
  const applied: string[] = [];
  for (const change of pendingChanges(changes, ledger.rows, "runback_ledger")) {
    await tx.script(change.sql);
    await tx.query("INSERT INTO runback_ledger (version, name, sha256) VALUES ($1, $2, $3)", [
      change.version,
      change.name,
      change.sha256,
    ]);
    applied.push(change.name);
  }
  await endDeadWindows(tx);
  return applied;
}
