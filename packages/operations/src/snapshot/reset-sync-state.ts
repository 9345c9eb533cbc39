import { type Connection, type Engine, sameTable, type TableRef } from "@runback/core";

export interface SyncState {
  readonly table: TableRef;
  readonly columns: readonly string[];
  readonly reset?: readonly string[];
}

/** Forgets when the last import was: the next one must read everything again. A table that the snapshot does not have needs nothing. */
export async function resetSyncState(engine: Engine, tx: Connection, state: SyncState): Promise<void> {
  const { dialect } = engine;
  const table = (await engine.catalog(tx)).tables.find((each) => sameTable(each, state.table));
  const columns = [...state.columns, ...(state.reset ?? [])].filter((name) =>
    table?.columns.some((column) => column.name === name && column.nullable),
  );
  if (columns.length === 0) return;
  await tx.query(
    `UPDATE ${dialect.table(state.table)} SET ${columns.map((name) => `${dialect.id(name)} = NULL`).join(", ")}`,
  );
}
