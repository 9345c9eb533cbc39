import type { HousekeepingPort } from "@runback/core";

export const housekeeping: HousekeepingPort = {
  stageTables: async (connection) => {
    const found = await connection.query<{ name: string }>(
      "SELECT name FROM sqlite_schema WHERE type = 'table' AND name GLOB 'runback_stage_*' ORDER BY name",
    );
    return found.rows.map(({ name }) => ({ schema: "runback", name: name.slice("runback_".length) }));
  },
  expiredKeys: async (connection, before) => {
    const found = await connection.query<{ keys: number }>(
      "SELECT count(*) AS keys FROM runback_idempotency WHERE created_at < $1",
      [before.toISOString()],
    );
    return found.rows[0]!.keys;
  },
  deleteExpiredKeys: async (tx, before) => {
    const deleted = await tx.query("DELETE FROM runback_idempotency WHERE created_at < $1", [before.toISOString()]);
    return deleted.count;
  },
};
