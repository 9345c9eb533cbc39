import { findTable } from "@runback/core";
import { describe, expect, test } from "vitest";
import { engineNames, freshTarget } from "../support/engines.ts";

describe.each(engineNames)("bulk load on %s", (name) => {
  test("rows the target refuses are an error, early or late, and the session goes on", async () => {
    await using target = await freshTarget(name);
    const { engine } = target;
    await engine.script("CREATE TABLE narrow (a varchar(10) PRIMARY KEY, CHECK (length(a) < 7))");
    const table = findTable(await engine.catalog(), "narrow")!;
    const load = (values: readonly string[]) =>
      engine.transaction((tx) =>
        tx.load(
          table,
          ["a"],
          (async function* () {
            for (const value of values) yield [value];
          })(),
        ),
      );
    await expect(load(["abc", "abcdefg"])).rejects.toThrow();
    const many = Array.from({ length: 20_000 }, (_, n) => String(n));
    await expect(load(["abcdefg", ...many])).rejects.toThrow();
    await expect(load([...many, "abcdefg"])).rejects.toThrow();
    expect((await engine.query("SELECT 1 FROM narrow")).count).toBe(0);
    expect(await load(["x", "y"])).toBe(2);
    expect((await engine.query("SELECT 1 FROM narrow")).count).toBe(2);
  });
});
