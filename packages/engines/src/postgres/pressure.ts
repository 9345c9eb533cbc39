import type { Connection, Pressure } from "@runback/core";

/** Sessions of this database that wait for a lock. */
export async function pressure(tx: Connection): Promise<Pressure> {
  const { rows } = await tx.query<{ waiting: number }>(
    `SELECT count(DISTINCT pid)::int AS waiting FROM pg_catalog.pg_locks
     WHERE NOT granted AND (database IS NULL OR database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database()))`,
  );
  return { waiting: rows[0]!.waiting, commits: null };
}
