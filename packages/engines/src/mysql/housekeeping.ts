import type { HousekeepingPort, TableRef } from "@runback/core";
import { toDatetime } from "./store.ts";

export const housekeeping: HousekeepingPort = {
  stageTables: async (connection) => {
    const found = await connection.query<TableRef>(
      `SELECT 'runback' AS \`schema\`, substr(table_name, 9) AS name FROM information_schema.tables
       WHERE table_schema = database() AND left(table_name, 14) = 'runback_stage_' ORDER BY table_name`,
    );
    return found.rows;
  },
  expiredKeys: async (connection, before) => {
    const found = await connection.query<{ n: string }>(
      "SELECT count(*) AS n FROM runback_idempotency WHERE created_at < $1",
      [toDatetime(before.toISOString())],
    );
    return Number(found.rows[0]!.n);
  },
  deleteExpiredKeys: async (tx, before) => {
    const deleted = await tx.query("DELETE FROM runback_idempotency WHERE created_at < $1", [
      toDatetime(before.toISOString()),
    ]);
    return deleted.count;
  },
};
