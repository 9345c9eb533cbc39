import type { Connection, Pressure } from "@runback/core";

/** Sessions that wait for a row. Anybody may ask for this counter; who waits for whom takes a right of its own. */
export async function pressure(tx: Connection): Promise<Pressure> {
  const { rows } = await tx.query<{ Value: string | number }>(
    "SHOW GLOBAL STATUS LIKE 'Innodb_row_lock_current_waits'",
  );
  return { waiting: rows[0] === undefined ? null : Number(rows[0].Value), commits: null };
}
