import { type Connection, pendingChanges, sha256 } from "@runback/core";
import { ownChanges } from "./own-tables.ts";

// Any constant; it only has to be the same in every process that runs init.
const lockKey = 8_203_117_445;

export async function lockInit(tx: Connection): Promise<void> {
  await tx.query("SELECT 1 FROM pg_advisory_xact_lock($1::bigint)", [String(lockKey)]);
}

/**
 * Creates or upgrades Runback's own tables. Ten processes at once on an empty database apply everything once: a
 * transaction lock lets one in, the others find the ledger filled. A change whose text differs from what this target
 * recorded is refused, never applied again.
 *
 * @returns the names of the changes applied now
 */
export async function applyOwnTables(tx: Connection): Promise<string[]> {
  await lockInit(tx);
  // CREATE … IF NOT EXISTS alone races on the catalog's unique index; behind the lock it does not.
  await tx.script(`
    CREATE SCHEMA IF NOT EXISTS runback;
    CREATE TABLE IF NOT EXISTS runback.ledger (
      version integer PRIMARY KEY,
      name text NOT NULL,
      sha256 text NOT NULL,
      applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
    );`);
  const ledger = await tx.query<{ version: number; sha256: string }>("SELECT version, sha256 FROM runback.ledger");
  const changes = ownChanges.map((change) => ({ ...change, sha256: sha256(change.sql) }));
  const applied: string[] = [];
  for (const change of pendingChanges(changes, ledger.rows, "runback.ledger")) {
    await tx.script(change.sql);
    await tx.query("INSERT INTO runback.ledger (version, name, sha256) VALUES ($1, $2, $3)", [
      change.version,
      change.name,
      change.sha256,
    ]);
    applied.push(change.name);
  }
  return applied;
}
