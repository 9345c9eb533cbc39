import type { Connection, Dialect } from "@runback/core";
import { cutoverTables } from "./cutover-tables.ts";
import type { StoredCutover } from "./stored-cutover.ts";

/**
 * Since when comparisons of cutovers are counted, by name: when the phase was entered, or comparing was last turned on or
 * off, whichever is later. So `cutover compare off` and `on` begin a new count, on record. Empty before a cutover is begun.
 */
export async function countedSince(
  connection: Connection,
  dialect: Dialect,
  stored: readonly StoredCutover[],
): Promise<ReadonlyMap<string, string>> {
  const { rows } = await connection.query<{ cutover: string; turned: string }>(
    `SELECT cutover, max(at) AS turned FROM ${cutoverTables(dialect).evidence} WHERE kind = 'compare' GROUP BY cutover`,
  );
  const turned = new Map(rows.map((row) => [row.cutover, row.turned]));
  return new Map(
    stored.flatMap(({ name, since }) => {
      if (since === null) return [];
      // Instants of one form: later is greater.
      const at = turned.get(name) ?? "";
      return [[name, at > since ? at : since] as const];
    }),
  );
}
