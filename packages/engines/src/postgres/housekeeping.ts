import type { HousekeepingPort, TableRef } from "@runback/core";

export const housekeeping: HousekeepingPort = {
  stageTables: async (connection) => {
    const found = await connection.query<TableRef>(
      `SELECT schemaname::text AS schema, tablename::text AS name FROM pg_tables
       WHERE schemaname = 'runback' AND starts_with(tablename::text, 'stage_') ORDER BY tablename`,
    );
    return found.rows;
  },
  expiredKeys: async (connection, before) => {
    const found = await connection.query<{ keys: string }>(
      "SELECT count(*)::text AS keys FROM runback.idempotency WHERE created_at < $1::timestamptz",
      [before.toISOString()],
    );
    return Number(found.rows[0]!.keys);
  },
  deleteExpiredKeys: async (tx, before) => {
    const deleted = await tx.query("DELETE FROM runback.idempotency WHERE created_at < $1::timestamptz", [
      before.toISOString(),
    ]);
    return deleted.count;
  },
};
