import { type Engine, findTable, type TableDigest } from "@runback/core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { engineNames, freshTarget, type TestTarget } from "../support/engines.ts";
import { half } from "../support/rotated-engines.ts";
import { digestsFixture, contentRows as rows } from "./fixtures/digests-fixture.ts";

describe.each(half(engineNames, 1))("digests on %s", (name) => {
  const fixture = digestsFixture(name);
  let target: TestTarget;
  let engine: Engine;
  let before: TableDigest;
  beforeAll(async () => {
    target = await freshTarget(name);
    engine = target.engine;
    await engine.script(fixture.ddl);
    before = await digest(engine);
  });
  afterAll(async () => {
    await target[Symbol.asyncDispose]();
  });

  async function digest(of: Engine, settings = ""): Promise<TableDigest> {
    const catalog = await of.catalog();
    return await of.transaction(async (tx) => {
      if (settings !== "") await tx.script(settings);
      return await of.digests(tx, findTable(catalog, "content")!);
    });
  }

  /** The leaves that a change moves; the change is undone. */
  async function moved(change: string): Promise<number[]> {
    const undone = new Error("undone");
    let after: TableDigest | undefined;
    const catalog = await engine.catalog();
    const work = engine.transaction(async (tx) => {
      await tx.script(change);
      after = await engine.digests(tx, findTable(catalog, "content")!);
      throw undone;
    });
    await expect(work).rejects.toBe(undone);
    expect(after!.sha256).not.toBe(before.sha256);
    const text = (digest: TableDigest) =>
      new Map(digest.leaves.map((leaf) => [leaf.leaf, `${leaf.rows} ${leaf.sha256}`]));
    const [was, is] = [text(before), text(after!)];
    return Array.from({ length: 256 }, (_, leaf) => leaf).filter((leaf) => was.get(leaf) !== is.get(leaf));
  }
  const { leafOf } = fixture;
  let ids: string[] | undefined;
  const everyId = async () =>
    (ids ??= (await engine.query<{ id: string }>("SELECT id FROM content ORDER BY id")).rows.map((row) => row.id));
  const someRow = async (at: number) => (await everyId())[at]!;

  test("rows and leaves add up", () => {
    expect(before.rows).toBe(rows);
    expect(before.leaves.reduce((sum, leaf) => sum + leaf.rows, 0)).toBe(rows);
    expect(new Set(before.leaves.map((leaf) => leaf.leaf)).size).toBe(before.leaves.length);
  });

  test("a changed row moves its leaf alone, whatever column changes and however little", async () => {
    const id = await someRow(700);
    for (const set of fixture.changes) {
      expect(await moved(`UPDATE content SET ${set} WHERE id = '${id}'`), set).toEqual([leafOf(id)]);
    }
  });

  test("a missing, an extra and a moved row move their leaves", async () => {
    const id = await someRow(1_200);
    expect(await moved(`DELETE FROM content WHERE id = '${id}'`)).toEqual([leafOf(id)]);
    expect(await moved("INSERT INTO content (id) VALUES ('00000000-0000-0000-0000-0000000000ab')")).toEqual([
      leafOf("00000000-0000-0000-0000-0000000000ab"),
    ]);
    const leaves = [leafOf(id), leafOf("00000000-0000-0000-0000-0000000000cd")].sort((a, b) => a - b);
    expect(await moved(`UPDATE content SET id = '00000000-0000-0000-0000-0000000000cd' WHERE id = '${id}'`)).toEqual(
      leaves,
    );
  });

  test("the content of two rows swapped moves both leaves, also within one leaf", async () => {
    const [a, b] = [await someRow(100), await someRow(1_900)];
    const { swap } = fixture;
    expect(await moved(swap(a, b))).toEqual([leafOf(a), leafOf(b)].sort((x, y) => x - y));
    const inOneLeaf = [...Map.groupBy(await everyId(), leafOf).values()].find((each) => each.length > 1)!;
    const [first, second] = inOneLeaf as [string, string];
    expect(leafOf(first)).toBe(leafOf(second));
    expect(await moved(swap(first, second))).toEqual([leafOf(first)]);
  });

  test("the same content in another database, whose types and files are others, in any session", async () => {
    await using other = await fixture.elsewhere();
    const { differently } = fixture;
    if (differently)
      expect((await other.engine.query(differently)).rows).not.toEqual((await engine.query(differently)).rows);
    expect(await digest(other.engine, other.settings)).toEqual(before);
  });
});
