import type { Connection, Value } from "@runback/core";
import { drizzle } from "#drizzle";

/** Drizzle over whichever session or transaction it is given: one schema for the server, the embedded engine and the Data API. */
export function orm(connection: Connection) {
  return drizzle(async (text, params) => {
    const { rows } = await connection.query<Record<string, unknown>>(text, params as Value[]);
    return { rows: rows.map((row) => Object.values(row)) };
  });
}
