import { describe, expect, test } from "vitest";
import { deep } from "../faults/seeded-random.ts";
import type { SnapshotFixture } from "./fixtures/snapshot-fixture.ts";
import { captured } from "./memory-snapshot.ts";
import { emptyDatabase, fixtures, type SnapshotEngine, snapshotEngines } from "./site.ts";

// A pooler adds nothing to these; through it, and in place: restore.test.ts.
const engines = snapshotEngines.filter((name) => name !== "pgbouncer");
const families = [...Map.groupBy(engines, (name) => fixtures[name].family).values()];

/** Each to itself and to the next of its family; all to all in the deep run. */
const pairs = families.flatMap((family) =>
  family.flatMap((from, at) =>
    family
      .filter((to, index) => deep || to === from || index === (at + 1) % family.length)
      .map((to) => [from, to] as const),
  ),
);
const takes = (from: SnapshotEngine, to: SnapshotEngine) => {
  const { refusesOthers }: SnapshotFixture = fixtures[to];
  return from === to || refusesOthers === undefined;
};

describe("snapshot of every kind of object", () => {
  test.each(pairs.filter(([from, to]) => takes(from, to)))(
    "taken on %s, comes back the same on %s",
    async (name, other) => {
      await using from = await emptyDatabase(name);
      await using to = await emptyDatabase(other);
      await from.engine.script(fixtures[name].everyObject);
      const snapshot = await captured(from.engine);
      expect(snapshot.schema.tables.length).toBeGreaterThanOrEqual(40);
      const different: string[] = [];
      await to.engine.snapshots!.load(snapshot, {
        loaded: async (moment) => {
          for (const table of moment.schema.tables) {
            const { value } = await moment.read(table, gathered);
            if (!value.equals(snapshot.bytes.get(JSON.stringify([table.schema, table.name]))!))
              different.push(table.name);
          }
        },
      });
      expect(different).toEqual([]);
      const again = await to.engine.snapshots!.capture(async (moment) => moment.schema);
      expect(again.fingerprint).toBe(snapshot.schema.fingerprint);
      const sequences = (schema: typeof again) => (schema.objects as { sequences?: unknown }).sequences;
      expect(sequences(again)).toEqual(sequences(snapshot.schema));
    },
  );

  test.each(pairs.filter(([from, to]) => !takes(from, to)))("taken on %s, is refused by %s", async (name, other) => {
    await using from = await emptyDatabase(name);
    await using to = await emptyDatabase(other);
    await from.engine.script("CREATE TABLE binary_form (id integer PRIMARY KEY)");
    const loading = to.engine.snapshots!.load(await captured(from.engine), { loaded: async () => {} });
    const { refusesOthers }: SnapshotFixture = fixtures[other];
    await expect(loading).rejects.toMatchObject({ code: refusesOthers });
  });
});

async function gathered(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return Buffer.concat(parts);
}

const firsts = families.map(([first]) => first!);
const strangers = firsts.flatMap((from) => firsts.filter((to) => to !== from).map((to) => [from, to] as const));

test.each(strangers)("what was taken on %s is refused by %s", async (name: SnapshotEngine, other: SnapshotEngine) => {
  await using from = await emptyDatabase(name);
  await using to = await emptyDatabase(other);
  const snapshot = await captured(from.engine);
  const loading = to.engine.snapshots!.load(snapshot, { loaded: async () => {} });
  await expect(loading).rejects.toMatchObject({ code: "RESTORE_FAMILY_DIFFERS" });
});
