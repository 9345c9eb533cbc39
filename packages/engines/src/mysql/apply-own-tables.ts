import { type Connection, pendingChanges, RunbackError, sha256 } from "@runback/core";
import type { OwnChange } from "./own-tables/own-change.ts";
import { ownChanges } from "./own-tables.ts";

/** Seconds: whoever holds it sets up a target, which takes one. */
const lockSeconds = 120;

/** Held until the transaction ends: the session gives its locks up with it, since DDL commits on the way. */
export async function lockInit(tx: Connection): Promise<void> {
  const { rows } = await tx.query<{ got: number | null }>(
    "SELECT GET_LOCK(concat('runback:', md5(database())), $1) + 0e0 AS got",
    [lockSeconds],
  );
  if (Number(rows[0]!.got) === 1) return;
  throw new RunbackError("LOCK_TIMEOUT", "Another process sets up this target and does not finish.", {
    recovery: "Nothing was changed. Try again; if it repeats, look for a session that holds a lock named runback:….",
    status: 409,
  });
}

export const changeHash = (change: OwnChange) => sha256(change.sql.join(";\n"));

/**
 * Creates or upgrades Runback's own tables. Ten processes at once on an empty database apply everything once: a named
 * lock lets one in, the others find the ledger filled. Each statement commits by itself here; a change that was cut
 * short is applied again, which its statements allow.
 *
 * @returns the names of the changes applied now
 */
export async function applyOwnTables(tx: Connection): Promise<string[]> {
  await lockInit(tx);
  await tx.query(`CREATE TABLE IF NOT EXISTS runback_ledger (
    version int NOT NULL PRIMARY KEY,
    name varchar(200) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    sha256 varchar(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    applied_at datetime(6) NOT NULL DEFAULT (utc_timestamp(6))
  ) ENGINE = InnoDB`);
  const ledger = await tx.query<{ version: number; sha256: string }>("SELECT version, sha256 FROM runback_ledger");
  const changes = ownChanges.map((change) => ({ ...change, sha256: changeHash(change) }));
  const applied: string[] = [];
  for (const change of pendingChanges(changes, ledger.rows, "runback_ledger")) {
    for (const statement of change.sql) await tx.query(statement);
    await tx.query("INSERT INTO runback_ledger (version, name, sha256) VALUES ($1, $2, $3)", [
      change.version,
      change.name,
      change.sha256,
    ]);
    applied.push(change.name);
  }
  return applied;
}
