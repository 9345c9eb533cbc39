import type { Connection } from "@runback/core";
import { historyTables } from "./schema.ts";

/** Every row by table and key (`p 3`), in its binary form. */
export type State = ReadonlyMap<string, string>;

const query = historyTables
  .map(
    ({ name, key }) =>
      `SELECT concat_ws(' ', '${name}', ${key.join(", ")}) AS row, encode(record_send(_row), 'hex') AS bytes FROM h.${name} _row`,
  )
  .join(" UNION ALL ");

export async function stateOf(connection: Connection): Promise<State> {
  const { rows } = await connection.query<{ row: string; bytes: string }>(query);
  return new Map(rows.map(({ row, bytes }) => [row, bytes]));
}

/** Rows that differ between two states. */
export function differences(a: State, b: State): string[] {
  return [...new Set([...a.keys(), ...b.keys()])].filter((row) => a.get(row) !== b.get(row)).sort();
}
