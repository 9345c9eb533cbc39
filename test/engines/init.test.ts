import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { openEngine } from "@runback/engines";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createDatabase } from "../support/database.ts";
import { engineNames, freshTarget, type TestTarget } from "../support/engines.ts";
import { spell } from "../support/spell.ts";

const initTarget = new URL("../support/init-target.ts", import.meta.url).pathname;

/** Somewhere that nothing was set up yet, and that many processes can open. */
async function emptyTarget(name: "postgres" | "sqlite"): Promise<{ url: string } & AsyncDisposable> {
  if (name === "postgres") return await createDatabase();
  const folder = await mkdtemp(join(tmpdir(), "runback-init-"));
  return {
    url: `sqlite://${folder}/empty.db`,
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  };
}

test.each(["postgres", "sqlite"] as const)(
  "ten processes at once on an empty %s database apply every change once",
  async (name) => {
    await using database = await emptyTarget(name);
    const processes = Array.from({ length: 10 }, () =>
      promisify(execFile)(process.execPath, [initTarget, database.url]),
    );
    const applied = (await Promise.all(processes)).map(
      ({ stdout }) => (JSON.parse(stdout) as { applied: string[] }).applied,
    );
    const engine = await openEngine(database.url);
    try {
      const ledger = await engine.query<{ name: string }>(
        spell(name, "SELECT name FROM runback.ledger ORDER BY version"),
      );
      expect(applied.flat().sort()).toEqual(ledger.rows.map((row) => row.name).sort());
      expect(applied.filter((each) => each.length > 0)).toHaveLength(1);
      expect(await engine.init()).toEqual([]);
    } finally {
      await engine.close();
    }
  },
);

describe.each(engineNames)("ledger on %s", (name) => {
  let target: TestTarget;
  beforeAll(async () => {
    target = await freshTarget(name);
  });
  afterAll(async () => {
    await target[Symbol.asyncDispose]();
  });

  /** Init on a ledger that somebody changed, everything undone afterwards. */
  async function initAfter(change: string): Promise<unknown> {
    const { engine } = target;
    const kept = await engine.query<{ version: number; name: string; sha256: string }>(
      spell(name, "SELECT version, name, sha256 FROM runback.ledger"),
    );
    await engine.script(spell(name, change));
    const outcome = await engine.init().then(
      (applied) => ({ applied }),
      (error: unknown) => error,
    );
    await engine.transaction(async (tx) => {
      await tx.query(spell(name, "DELETE FROM runback.ledger"));
      for (const row of kept.rows) {
        await tx.query(spell(name, "INSERT INTO runback.ledger (version, name, sha256) VALUES ($1::int, $2, $3)"), [
          row.version,
          row.name,
          row.sha256,
        ]);
      }
    });
    return outcome;
  }

  test("a second init applies nothing", async () => {
    expect(await target.engine.init()).toEqual([]);
  });

  test("a change that differs from what was recorded is refused", async () => {
    expect(await initAfter("UPDATE runback.ledger SET sha256 = repeat('0', 64) WHERE version = 2")).toMatchObject({
      code: "LEDGER_MISMATCH",
    });
  });

  test("a target that a newer version set up is refused", async () => {
    expect(
      await initAfter("INSERT INTO runback.ledger (version, name, sha256) VALUES (999, 'from the future', 'x')"),
    ).toMatchObject({
      code: "TARGET_NEWER",
    });
  });

  test("a hole in the ledger is refused, because what is there was not applied in order", async () => {
    expect(await initAfter("DELETE FROM runback.ledger WHERE version = 1")).toMatchObject({ code: "LEDGER_MISMATCH" });
  });
});
