import { type Connection, type Freeze, type FreezePort, sameTable, type TableRef } from "@runback/core";
import { id, table as tableName } from "./dialect.ts";
import { notOfExtension, ofUsers } from "./snapshots/of-users.ts";

const trigger = "runback_freeze";

export const freeze: FreezePort = {
  state: async (connection, keep) => {
    const on = await frozenNow(connection);
    if (on === undefined) return null;
    const tables = (await userTables(connection)).filter((table) => !keep.some((each) => sameTable(each, table)));
    const plain = ({ schema, name }: TableRef) => ({ schema, name });
    return {
      ...on,
      frozen: tables.filter((table) => table.frozen).map(plain),
      open: tables.filter((table) => !table.frozen).map(plain),
    };
  },
  freeze: async (tx, about, keep) => {
    await tx.query(
      `INSERT INTO runback.freeze (reason, operator, since) VALUES ($1, $2, $3::timestamptz)
       ON CONFLICT (single) DO UPDATE SET reason = excluded.reason, operator = excluded.operator, since = excluded.since`,
      [about.reason, about.operator, about.since],
    );
    await freezeTables(tx, keep);
  },
  thaw: async (tx) => {
    await tx.query("DELETE FROM runback.freeze");
    const tables = (await userTables(tx)).filter((table) => table.frozen);
    for (const table of tables) await tx.script(`DROP TRIGGER ${id(trigger)} ON ${tableName(table)}`);
  },
};

/** Undefined also on a target that Runback was never set up on. */
export async function frozenNow(connection: Connection): Promise<Freeze | undefined> {
  const there = await connection.query("SELECT WHERE to_regclass('runback.freeze') IS NOT NULL");
  if (there.count === 0) return undefined;
  const { rows } = await connection.query<Freeze>(
    `SELECT reason, operator, to_char(since AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS since FROM runback.freeze`,
  );
  return rows[0];
}

/** ALWAYS: a session in the replica role is refused like any other. The lock it takes waits for whoever is writing. */
export async function freezeTables(tx: Connection, keep: readonly TableRef[]): Promise<void> {
  for (const table of await userTables(tx)) {
    if (table.frozen || keep.some((each) => sameTable(each, table))) continue;
    const name = tableName(table);
    await tx.script(`CREATE OR REPLACE TRIGGER ${id(trigger)} BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON ${name}
      FOR EACH STATEMENT EXECUTE FUNCTION runback.refuse_frozen();
      ALTER TABLE ${name} ENABLE ALWAYS TRIGGER ${id(trigger)}`);
  }
}

async function userTables(connection: Connection): Promise<(TableRef & { readonly frozen: boolean })[]> {
  const { rows } = await connection.query<TableRef & { frozen: boolean }>(
    `SELECT n.nspname::text AS schema, c.relname::text AS name, EXISTS (SELECT FROM pg_trigger g
       WHERE g.tgrelid = c.oid AND g.tgname = '${trigger}' AND g.tgenabled = 'A') AS frozen
     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'p') AND ${ofUsers} AND ${notOfExtension("pg_class", "c.oid")} ORDER BY 1, 2`,
  );
  return rows;
}
