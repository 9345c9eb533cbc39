import { readFileSync } from "node:fs";
import type { Engine, SnapshotSource, SnapshotTable } from "@runback/core";
import { openPostgres } from "@runback/engines";
import { describe, expect, test } from "vitest";
import { createDatabase } from "../support/database.ts";
import { engineNames } from "../support/engines.ts";
import { freshPglite } from "../support/fresh-pglite.ts";

const everyObject = readFileSync(new URL("./every-object.sql", import.meta.url), "utf8");

async function emptyDatabase(name: (typeof engineNames)[number]): Promise<Engine & AsyncDisposable> {
  if (name === "pglite") {
    const engine = await freshPglite();
    return { ...engine, [Symbol.asyncDispose]: () => engine.close() };
  }
  const database = await createDatabase();
  const engine = openPostgres(database.url);
  return {
    ...engine,
    [Symbol.asyncDispose]: async () => {
      await engine.close();
      await database.drop();
    },
  };
}

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

describe.each(engineNames)("snapshot of every kind of object, taken on %s", (name) => {
  test.each(engineNames)("comes back the same on %s", async (other) => {
    await using source = await emptyDatabase(name);
    await using target = await emptyDatabase(other);
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
  });
});
