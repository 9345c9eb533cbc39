import type { Engine } from "@runback/core";

const ready = new WeakSet<Engine>();

/** `init` once a process: reports come every few seconds, and it holds up every other one. */
export async function readyTables(engine: Engine): Promise<void> {
  if (ready.has(engine)) return;
  await engine.init();
  ready.add(engine);
}
