import type { Connection, Pressure } from "@runback/core";

/**
 * Sessions of this database that wait for a lock. Transactions that write are numbered: when more than this one came since the
 * last that asked, others write. A process that asks numbers one of its own in between.
 */
export async function pressure(tx: Connection, last: string | null): Promise<Pressure> {
  const { rows } = await tx.query<{ waiting: number; xid: string }>(
    `SELECT count(DISTINCT pid)::int AS waiting, pg_current_xact_id()::text AS xid FROM pg_catalog.pg_locks
     WHERE NOT granted AND (database IS NULL OR database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database()))`,
  );
  const { waiting, xid } = rows[0]!;
  return { waiting, others: last !== null && BigInt(xid) - BigInt(last) > 1n, commits: xid };
}
