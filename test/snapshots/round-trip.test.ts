import { describe, expect, test } from "vitest";
import { captured } from "./memory-snapshot.ts";
import { emptyDatabase, fixtures, type SnapshotEngine, snapshotEngines } from "./site.ts";

// A pooler adds nothing to these; through it, and in place: restore.test.ts.
const engines = snapshotEngines.filter((name) => name !== "pgbouncer");
const pairs = engines.flatMap((from) =>
  engines.filter((to) => fixtures[from].family === fixtures[to].family).map((to) => [from, to] as const),
);

describe("snapshot of every kind of object", () => {
  test.each(pairs)("taken on %s, comes back the same on %s", async (name, other) => {
    await using from = await emptyDatabase(name);
    await using to = await emptyDatabase(other);
    const [source, target] = [from.engine, to.engine];
    await source.script(fixtures[name].everyObject);
    const snapshot = await captured(source);
    expect(snapshot.schema.tables.length).toBeGreaterThanOrEqual(40);
    await target.snapshots!.load(snapshot, { loaded: async () => {} });
    const again = await captured(target);
    expect(again.schema.fingerprint).toBe(snapshot.schema.fingerprint);
    const sequences = ({ schema }: typeof snapshot) => (schema.objects as { sequences?: unknown }).sequences;
    expect(sequences(again)).toEqual(sequences(snapshot));
    for (const [table, bytes] of snapshot.bytes)
      expect([table, again.bytes.get(table)?.equals(bytes)]).toEqual([table, true]);
  });
});

const families = [...Map.groupBy(engines, (name) => fixtures[name].family).values()].map(([first]) => first!);
const strangers = families.flatMap((from) => families.filter((to) => to !== from).map((to) => [from, to] as const));

test.each(strangers)("what was taken on %s is refused by %s", async (name: SnapshotEngine, other: SnapshotEngine) => {
  await using from = await emptyDatabase(name);
  await using to = await emptyDatabase(other);
  const snapshot = await captured(from.engine);
  const loading = to.engine.snapshots!.load(snapshot, { loaded: async () => {} });
  await expect(loading).rejects.toMatchObject({ code: "RESTORE_FAMILY_DIFFERS" });
});
