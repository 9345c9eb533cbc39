import { cpSync, existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Engine } from "@runback/core";
import { openPglite } from "@runback/engines";
import { wildApricotImport, writeSampleExport } from "@runback/membership";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { inTurn } from "../support/rotated-engines.ts";
import { bytesOf } from "../support/spell.ts";
import { runJob } from "./job.ts";
import { bundleFiles } from "./observe.ts";
import { engineWithPoints, vaultWithPoints } from "./points.ts";
import { deep, seed, seededRandom } from "./seeded-random.ts";
import { startWorker } from "./start-worker.ts";
import { journaledTables, scratchFolder, type Task } from "./targets.ts";

interface Place extends Disposable {
  readonly directory: string;
  readonly where: { readonly databaseUrl: string; readonly vaultUrl: string };
  readonly vaultFolder: string;
}

/** A data directory and a vault of their own; copies of another's. */
function place(from?: string): Place {
  const folder = scratchFolder("pglite");
  const directory = join(folder.path, "data");
  if (from !== undefined) cpSync(from, folder.path, { recursive: true });
  const vaultFolder = join(folder.path, "vault");
  return {
    directory,
    vaultFolder,
    where: { databaseUrl: `pglite://${directory}`, vaultUrl: pathToFileURL(vaultFolder).href },
    [Symbol.dispose]: folder.remove,
  };
}

async function opened<T>(at: Place, work: (engine: Engine) => Promise<T>): Promise<T> {
  const engine = await openPglite(at.directory);
  try {
    return await work(engine);
  } finally {
    await engine.close();
  }
}

/** Every row of the tables an import journals, its journal's extent, and the run's own records. */
async function contentOf(engine: Engine, runId: string): Promise<Record<string, unknown>> {
  const rows = async (sql: string) => (await engine.query(sql)).rows;
  const content: Record<string, unknown> = {};
  for (const table of journaledTables) content[table] = await bytesOf(engine, `"${table}"`);
  content.run = await rows(
    `SELECT kind, state, plan_digest, result, error, rows, completed_at FROM runback.runs WHERE run_id = '${runId}'`,
  );
  content.steps = await rows(`SELECT seq, name, rows FROM runback.steps WHERE run_id = '${runId}' ORDER BY seq`);
  content.audit = await rows(
    `SELECT action, count(*)::int AS n FROM "AuditLog" WHERE action <> 'migration:failed' AND metadata ->> 'run_id' = '${runId}'
     GROUP BY action ORDER BY action`,
  );
  content.leftovers = await rows("SELECT relname::text FROM pg_class WHERE relname LIKE 'stage\\_%' AND relkind = 'r'");
  content.journaled = await engine.journal.rows(engine, runId);
  return content;
}

/** A chain that holds, and a journal of exactly the rows that changed: at every moment of a run. */
async function violations(
  engine: Engine,
  before: ReadonlyMap<string, readonly string[]>,
  runId: string,
): Promise<string[]> {
  let changed = 0;
  for (const [table, rows] of before) {
    const now = await bytesOf(engine, `"${table}"`);
    const missing = (from: readonly string[], of: readonly string[]) => {
      const there = new Set(from);
      return of.filter((row) => !there.has(row)).length;
    };
    // An import adds rows and a rollback deletes them; both change some.
    changed += Math.max(missing(rows, now), missing(now, rows));
  }
  const journaled = await engine.journal.rows(engine, runId);
  const audit = await engine.transaction((tx) => engine.audit.verify(tx, wildApricotImport.auditTable, 10), {
    isolation: "snapshot",
    readOnly: true,
  });
  return [
    ...(journaled === changed ? [] : [`${journaled} rows journaled, ${changed} changed`]),
    ...audit.problems.map(({ kind, detail }) => `audit: ${kind} ${detail}`),
  ];
}

/** Other writers: rows changed and deleted, so that the next import has every class. */
const otherWriters = `
  UPDATE "Member" SET "lastName" = "lastName" || ' (old)' WHERE abs(hashtext(id::text)) % 3 = 0;
  DELETE FROM "Registration" WHERE abs(hashtext(id::text)) % 3 = 0;
  UPDATE "Registration" SET status = 'unknown' WHERE abs(hashtext(id::text)) % 4 = 0;
  DELETE FROM "WaIdMapping" WHERE "entityType" = 'Registration' AND "murmurantId" NOT IN (SELECT id FROM "Registration")`;

const kills = (few: number, many: number) => Array.from({ length: deep ? many : few }, (_, index) => index);

describe.each(inTurn(["import", "rollback"] as const))(`kill -9 on pglite during %s (RUNBACK_SEED=${seed})`, (kind) => {
  let template: string;
  let task: Task;
  let undisturbed: unknown;
  const points: string[] = [];
  const before = new Map<string, readonly string[]>();
  const folders: { remove: () => void }[] = [];
  const observed = async (at: Place) => ({
    ...(await opened(at, (engine) => contentOf(engine, task.runId))),
    bundle: bundleFiles(join(at.vaultFolder, "bundles", task.runId)),
  });

  beforeAll(async () => {
    const source = scratchFolder("source");
    const made = scratchFolder("template");
    folders.push(source, made);
    await writeSampleExport(source.path, { seed: 7, members: 100, events: 20, registrations: 300 });
    const importing = {
      action: "import",
      source: source.path,
      runId: "run-20260115-143000-1a2b3c",
      stepRows: 60,
      now: "2026-01-15T14:30:00.000Z",
    } as const;
    const rollback = { action: "rollback", runId: "run-20260115-150000-4d5e6f", reverts: importing.runId } as const;
    task = kind === "import" ? importing : { ...importing, ...rollback };
    template = made.path;
    using first = place();
    await runJob({
      ...{ ...importing, ...first.where, runId: "run-20260101-000000-5e1f00" },
      ...{ stepRows: 5_000, now: "2026-01-01T00:00:00.000Z" },
    });
    await opened(first, (engine) => engine.script(otherWriters));
    if (kind === "rollback") await runJob({ ...importing, ...first.where, stepRows: 5_000 });
    await opened(first, async (engine) => {
      for (const table of journaledTables) before.set(table, await bytesOf(engine, `"${table}"`));
    });
    cpSync(first.directory, join(template, "data"), { recursive: true });
    cpSync(first.vaultFolder, join(template, "vault"), { recursive: true });
    using calm = place(template);
    const reach = async (point: string) => void points.push(point);
    await runJob(
      { ...task, ...calm.where },
      { engine: (inner) => engineWithPoints(inner, reach), vault: (vault) => vaultWithPoints(vault, reach) },
    );
    undisturbed = await observed(calm);
  });
  afterAll(() => folders.forEach((folder) => void folder.remove()));

  test.each(kills(1, 200))("between statements, around commits and stores: %i", async (index) => {
    const random = seededRandom(seed + index);
    using at = place(template);
    const worker = startWorker({ ...task, ...at.where, holdAt: 1 + Math.floor(random() * points.length) });
    expect(await worker.held).toBeDefined();
    await worker.kill();
    expect((await worker.end).stderr).toBe("");
    const state = await opened(at, async (engine) => {
      expect(await violations(engine, before, task.runId)).toEqual([]);
      return (await engine.query<{ state: string }>(`SELECT state FROM runback.runs WHERE run_id = '${task.runId}'`))
        .rows[0]?.state;
    });
    if (state === undefined) rmSync(join(at.vaultFolder, "runs"), { recursive: true, force: true });
    const again: Task = state === undefined || kind === "rollback" ? task : { ...task, action: "resume" };
    if (state !== "completed") await runJob({ ...again, ...at.where });
    if (kind === "import") expect(existsSync(join(at.vaultFolder, "bundles", task.runId))).toBe(true);
    expect(await observed(at)).toEqual(undisturbed);
  });
});
