import type { Engine, SnapshotSource, SnapshotTable } from "@runback/core";

export interface Captured extends SnapshotSource {
  /** Rows by a table's name. */
  readonly bytes: ReadonlyMap<string, Buffer>;
}

/** A snapshot in memory. */
export async function captured(engine: Engine): Promise<Captured> {
  const bytes = new Map<string, Buffer>();
  const key = ({ schema, name }: SnapshotTable) => JSON.stringify([schema, name]);
  const schema = await engine.snapshots!.capture(async (moment) => {
    for (const table of moment.schema.tables) {
      await moment.read(table, async (chunks) => {
        const parts: Uint8Array[] = [];
        for await (const chunk of chunks) parts.push(chunk);
        bytes.set(key(table), Buffer.concat(parts));
      });
    }
    return moment.schema;
  });
  return {
    schema,
    bytes,
    data: async function* (table) {
      yield bytes.get(key(table))!;
    },
  };
}
