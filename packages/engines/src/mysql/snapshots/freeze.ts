import type { Connection } from "@runback/core";
import { id, literal } from "../dialect.ts";

/** Locks of the server, by name: they go with the session that holds them, however it ends. */
export interface RestoreLocks {
  /** One restore at a time, from its first statement until nothing is left of it. */
  readonly restore: string;
  /** While it is held nobody else writes to a frozen table. */
  readonly freeze: string;
}

export async function restoreLocks(tx: Connection): Promise<RestoreLocks> {
  const { rows } = await tx.query<{ hash: string }>("SELECT md5(database()) AS hash");
  return { restore: `runback:restore:${rows[0]!.hash}`, freeze: `runback:freeze:${rows[0]!.hash}` };
}

/** False when another session holds it, also after some seconds: those it takes the server to notice that a process was killed. */
export async function takeLock(tx: Connection, lock: string, seconds = 0): Promise<boolean> {
  const { rows } = await tx.query<{ got: number | null }>("SELECT GET_LOCK($1, $2) + 0e0 AS got", [lock, seconds]);
  return Number(rows[0]!.got) === 1;
}

export async function releaseLock(tx: Connection, lock: string): Promise<void> {
  await tx.query("SELECT RELEASE_LOCK($1) + 0e0 AS released", [lock]);
}

const events = ["INSERT", "UPDATE", "DELETE"] as const;

export const freezePrefix = "runback_freeze_";

/**
 * Refuses every write to a table that is not the restore's own: while the restore lives, by its lock; and when it died in the middle
 * of a switch, until that is taken back. A trigger that is left over otherwise does nothing.
 *
 * Making one waits until no transaction has the table in use, so what comes after sees every write that was begun before.
 */
export async function freezeTable(tx: Connection, { freeze }: RestoreLocks, table: string, tag: string): Promise<void> {
  for (const event of events) {
    await tx.script(`
CREATE TRIGGER ${id(`${freezePrefix}${tag}_${event.toLowerCase()}`)} BEFORE ${event} ON ${id(table)} FOR EACH ROW
BEGIN
  DECLARE _holder bigint;
  DECLARE _cut int DEFAULT 1;
  SET _holder = IS_USED_LOCK(${literal(freeze)});
  IF NOT (_holder <=> connection_id()) THEN
    IF _holder IS NULL THEN
      SELECT count(*) INTO _cut FROM runback_restores WHERE state = 'switching' LOCK IN SHARE MODE;
    END IF;
    IF _cut > 0 THEN
      SIGNAL SQLSTATE 'RB004' SET MESSAGE_TEXT = 'runback: this database is being restored and takes no writes until that is done';
    END IF;
  END IF;
END`);
  }
}

/** Drops what `freezeTable` made, whichever restore it was. */
export async function thawTables(tx: Connection): Promise<void> {
  const { rows } = await tx.query<{ name: string }>(
    `SELECT trigger_name AS name FROM information_schema.triggers
     WHERE trigger_schema = database() AND LEFT(trigger_name, ${freezePrefix.length}) = $1`,
    [freezePrefix],
  );
  for (const { name } of rows) await tx.script(`DROP TRIGGER IF EXISTS ${id(name)}`);
}
