import type { Context } from "@runback/operations";

/** The process is gone when a move was to be put on record: its lease is held when it begins, and then by its record. */
export function goneBeforeTheRecord(context: Context): Context {
  const { engine } = context;
  let held = 0;
  const holdLease: typeof engine.store.holdLease = async (...args) => {
    if (++held === 2) throw new Error("killed");
    return await engine.store.holdLease(...args);
  };
  return { ...context, engine: { ...engine, store: { ...engine.store, holdLease } } };
}
