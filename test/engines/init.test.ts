import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Engine } from "@runback/core";
import { openEngine } from "@runback/engines";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createDatabase } from "../support/database.ts";
import { engineNames, freshTarget, type TestTarget } from "../support/engines.ts";
import { createMysqlDatabase } from "../support/mysql-database.ts";
import { half } from "../support/rotated-engines.ts";
import { spell } from "../support/spell.ts";

const initTarget = new URL("../support/init-target.ts", import.meta.url).pathname;

const ledger = ({ dialect }: Engine) => dialect.table({ schema: "runback", name: "ledger" });
/** Somewhere that nothing was set up yet, and that many processes can open. */
async function emptyTarget(name: string): Promise<{ url: string } & AsyncDisposable> {
  if (name === "postgres") return await createDatabase();
  if (name === "mysql") return await createMysqlDatabase();
  const folder = await mkdtemp(join(tmpdir(), "runback-init-"));
  return {
    url: `sqlite://${folder}/empty.db`,
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  };
}

const servers = engineNames.filter((name) => name === "postgres" || name === "mysql" || name === "sqlite");

test.each(servers)("ten processes at once on an empty %s database apply every change once", async (name) => {
  await using database = await emptyTarget(name);
  const processes = Array.from({ length: 10 }, () => promisify(execFile)(process.execPath, [initTarget, database.url]));
  const applied = (await Promise.all(processes)).map(
    ({ stdout }) => (JSON.parse(stdout) as { applied: string[] }).applied,
  );
  const engine = await openEngine(database.url);
  try {
    const recorded = await engine.query<{ name: string }>(`SELECT name FROM ${ledger(engine)} ORDER BY version`);
    expect(applied.flat().sort()).toEqual(recorded.rows.map((row) => row.name).sort());
    expect(applied.filter((each) => each.length > 0)).toHaveLength(1);
    expect(await engine.init()).toEqual([]);
  } finally {
    await engine.close();
  }
});

describe.each(half(engineNames))("ledger on %s", (name) => {
  let target: TestTarget;
  beforeAll(async () => {
    target = await freshTarget(name);
  });
  afterAll(async () => {
    await target[Symbol.asyncDispose]();
  });

  /** Init on a ledger that somebody changed, everything undone afterwards. */
  async function initAfter(change: (ledger: string) => string): Promise<unknown> {
    const { engine } = target;
    const kept = await engine.query<{ version: number; name: string; sha256: string }>(
      `SELECT version, name, sha256 FROM ${ledger(engine)}`,
    );
    await engine.script(spell(name, change(ledger(engine))));
    const outcome = await engine.init().then(
      (applied) => ({ applied }),
      (error: unknown) => error,
    );
    await engine.transaction(async (tx) => {
      await tx.query(`DELETE FROM ${ledger(engine)}`);
      for (const row of kept.rows) {
        await tx.query(`INSERT INTO ${ledger(engine)} (version, name, sha256) VALUES (${row.version}, $1, $2)`, [
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
    expect(await initAfter((table) => `UPDATE ${table} SET sha256 = repeat('0', 64) WHERE version = 2`)).toMatchObject({
      code: "LEDGER_MISMATCH",
    });
  });

  test("a target that a newer version set up is refused", async () => {
    expect(
      await initAfter((table) => `INSERT INTO ${table} (version, name, sha256) VALUES (999, 'from the future', 'x')`),
    ).toMatchObject({
      code: "TARGET_NEWER",
    });
  });

  test("a hole in the ledger is refused, because what is there was not applied in order", async () => {
    expect(await initAfter((table) => `DELETE FROM ${table} WHERE version = 1`)).toMatchObject({
      code: "LEDGER_MISMATCH",
    });
  });
});
