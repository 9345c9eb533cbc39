import type { Connection, ReplacedRemains, TableRef } from "@runback/core";
import { id, table as tableName } from "../dialect.ts";
import { useExactText } from "../session.ts";
import type { SnapshotDriver } from "../snapshots.ts";
import { replacedPrefix } from "./of-users.ts";
import { replacedDigest } from "./replace-contents.ts";
import { contentsDigest, leaningOn, schemaContents } from "./schema-contents.ts";

/** Waited for in all: a transaction that goes on longer is left to the next sweep. */
const turns = 100;
const turnSeconds = 0.1;

/**
 * Drops what restores replaced. A restore that committed has changed the names, so only transactions that were open at that moment
 * may still be making something in a schema they looked up before it: they are waited for. What then is there beyond what the safety
 * snapshot holds was committed by somebody, is in no snapshot, and is left where it is.
 *
 * @returns what is left, and why
 */
export async function dropReplaced(driver: SnapshotDriver): Promise<ReplacedRemains[]> {
  const { rows } = await driver.connection.query<{ name: string; comment: string | null }>(
    `SELECT n.nspname::text AS name, obj_description(n.oid, 'pg_namespace') AS comment FROM pg_namespace n
     WHERE starts_with(n.nspname::text, '${replacedPrefix}') ORDER BY n.oid`,
  );
  // One restore's schemas lean on each other.
  const groups = Map.groupBy(rows, ({ name }) => name.replace(/_[0-9]+$/, ""));
  if (groups.size === 0) return [];
  const ended = await openTransactionsEnd(driver.connection);
  const remains: ReplacedRemains[] = [];
  for (const group of groups.values()) {
    const names = group.map(({ name }) => name);
    const why = ended ? await dropGroup(driver, names, replacedDigest(group[0]!.comment)) : "in use";
    if (why !== undefined) remains.push(...names.map((name) => ({ name, why })));
  }
  return remains;
}

async function dropGroup(
  driver: SnapshotDriver,
  names: readonly string[],
  digest: string | undefined,
): Promise<ReplacedRemains["why"] | undefined> {
  try {
    return await driver.transaction(
      async (tx) => {
        await tx.query(useExactText);
        const tables = await tablesOf(tx, names);
        if (tables.length > 0)
          await tx.script(
            `LOCK TABLE ${tables.map((table) => `ONLY ${tableName(table)}`).join(", ")} IN ACCESS EXCLUSIVE MODE`,
          );
        if (contentsDigest(await schemaContents(tx, names, [])) !== digest) return "changed";
        if ((await leaningOn(tx, names, [])).length > 0) return "changed";
        await tx.script(`DROP SCHEMA ${names.map(id).join(", ")} CASCADE`);
        return undefined;
      },
      { lockTimeoutMs: 2_000 },
    );
  } catch (error) {
    if (["LOCK_TIMEOUT", "40P01"].includes(String((error as { code?: unknown }).code))) return "in use";
    throw error;
  }
}

async function tablesOf(tx: Connection, schemas: readonly string[]): Promise<TableRef[]> {
  const { rows } = await tx.query<TableRef>(
    `SELECT n.nspname::text AS schema, c.relname::text AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'p') AND n.nspname IN (SELECT jsonb_array_elements_text($1::jsonb)) ORDER BY c.oid`,
    [JSON.stringify(schemas)],
  );
  return rows;
}

// Every transaction holds its own number from its first statement on, also one that has written nothing. Vacuum makes no objects.
const openNow = `SELECT l.virtualtransaction AS name FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
  WHERE l.locktype = 'virtualxid' AND l.granted AND l.mode = 'ExclusiveLock' AND l.pid <> pg_backend_pid()
    AND a.datid = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND a.backend_type IS DISTINCT FROM 'autovacuum worker'
  UNION ALL SELECT 'prepared ' || transaction::text FROM pg_prepared_xacts WHERE database = current_database()`;

/** True once every transaction that is open now has ended; false when one goes on for too long. */
async function openTransactionsEnd(connection: Connection): Promise<boolean> {
  const open = async () => new Set((await connection.query<{ name: string }>(openNow)).rows.map(({ name }) => name));
  const before = await open();
  for (let turn = 0; before.size > 0 && turn < turns; turn++) {
    await connection.query("SELECT FROM (SELECT pg_sleep($1::float8)) AS pause", [turnSeconds]);
    const still = await open();
    for (const name of before) if (!still.has(name)) before.delete(name);
  }
  return before.size === 0;
}
