import { describe, expect, test } from "vitest";
import { engineNames, freshTarget } from "../support/engines.ts";

describe.each(engineNames)("bulk load on %s", (name) => {
  test("rows the target refuses are an error, early or late, and the session goes on", async () => {
    await using target = await freshTarget(name);
    const { engine } = target;
    const table = { schema: "public", name: "narrow" };
    // SQLite takes a length for a hint; a check is its rule.
    const sqlite = name === "sqlite";
    await engine.script(`CREATE TABLE narrow (a varchar(3)${sqlite ? " CHECK (length(a) <= 3)" : ""})`);
    const code = sqlite ? "23514" : "22001";
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
    await expect(load(["abc", "abcd"])).rejects.toMatchObject({ code });
    const many = Array.from({ length: 60_000 }, () => "abc");
    await expect(load(["abcd", ...many])).rejects.toMatchObject({ code });
    await expect(load([...many, "abcd"])).rejects.toMatchObject({ code });
    expect(await load(["x", "y"])).toBe(2);
    expect((await engine.query("SELECT 1 FROM narrow")).count).toBe(2);
  });
});
