import type { Engine, SnapshotSource, SnapshotTable } from "@runback/core";
import { describe, expect, test } from "vitest";
import { emptyDatabase, everyObject, snapshotEngines } from "./site.ts";

/** A snapshot in memory. */
async function captured(engine: Engine): Promise<SnapshotSource & { bytes: ReadonlyMap<string, Buffer> }> {
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

// Through a pooler and in place: restore.test.ts.
const pairs = (["postgres", "pglite"] as const).flatMap((from) =>
  (["postgres", "pglite"] as const).map((to) => [from, to] as const),
);

describe("snapshot of every kind of object", () => {
  test.each(pairs.filter((pair) => pair.every((name) => snapshotEngines.includes(name))))(
    "taken on %s, comes back the same on %s",
    async (name, other) => {
      await using from = await emptyDatabase(name);
      await using to = await emptyDatabase(other);
      const [source, target] = [from.engine, to.engine];
      await source.script(everyObject);
      const snapshot = await captured(source);
      expect(snapshot.schema.tables.length).toBeGreaterThanOrEqual(40);
      await target.snapshots!.load(snapshot, { loaded: async () => {} });
      const again = await captured(target);
      expect(again.schema.fingerprint).toBe(snapshot.schema.fingerprint);
      const objects = (schema: SnapshotSource["schema"]) => (schema.objects as { sequences: unknown }).sequences;
      expect(objects(again.schema)).toEqual(objects(snapshot.schema));
      for (const [table, bytes] of snapshot.bytes)
        expect([table, again.bytes.get(table)?.equals(bytes)]).toEqual([table, true]);
    },
  );
});
