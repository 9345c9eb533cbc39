import type { Engine } from "@runback/core";
import { historiesFixture } from "../fixtures/histories-fixture.ts";

/** Every row by table and key (`p 3`), in its binary form. */
export type State = ReadonlyMap<string, string>;

export async function stateOf(engine: Engine): Promise<State> {
  const { rows } = await engine.query<{ name: string; bytes: string }>(historiesFixture(engine.name).state);
  return new Map(rows.map(({ name, bytes }) => [name, bytes]));
}

/** Rows that differ between two states. */
export function differences(a: State, b: State): string[] {
  return [...new Set([...a.keys(), ...b.keys()])].filter((row) => a.get(row) !== b.get(row)).sort();
}
