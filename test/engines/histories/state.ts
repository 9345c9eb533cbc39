import type { Engine } from "@runback/core";
import { exactValue } from "../../support/spell.ts";
import { historyTables } from "./schema.ts";

/** Every row by table and key (`p 3`), in its binary form. */
export type State = ReadonlyMap<string, string>;

const sqliteQuery = historyTables
  .map(({ name, key, columns }) => {
    const row = `concat_ws(' ', '${name}', ${key.join(", ")})`;
    return `SELECT ${row} AS row, ${[...key, ...Object.keys(columns)].map(exactValue).join(" || ',' || ")} AS bytes FROM h_${name}`;
  })
  .join(" UNION ALL ");

const query = historyTables
  .map(
    ({ name, key }) =>
      `SELECT concat_ws(' ', '${name}', ${key.join(", ")}) AS row, encode(record_send(_row), 'hex') AS bytes FROM h.${name} _row`,
  )
  .join(" UNION ALL ");

export async function stateOf(engine: Engine): Promise<State> {
  const { rows } = await engine.query<{ row: string; bytes: string }>(engine.name === "sqlite" ? sqliteQuery : query);
  return new Map(rows.map(({ row, bytes }) => [row, bytes]));
}

/** Rows that differ between two states. */
export function differences(a: State, b: State): string[] {
  return [...new Set([...a.keys(), ...b.keys()])].filter((row) => a.get(row) !== b.get(row)).sort();
}
