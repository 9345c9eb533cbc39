import { copyFileSync, existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { pathToFileURL } from "node:url";
import { type Engine, findTable } from "@runback/core";
import { openSqlite } from "@runback/engines";
import { wildApricotImport, writeSampleExport } from "@runback/membership";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { inTurn } from "../support/rotated-engines.ts";
import { exactValue } from "../support/spell.ts";
import { runJob } from "./job.ts";
import { bundleFiles } from "./observe.ts";
import { engineWithPoints, vaultWithPoints } from "./points.ts";
import { deep, seed, seededRandom } from "./seeded-random.ts";
import { startWorker } from "./start-worker.ts";
import { journaledTables, scratchFolder, type Task } from "./targets.ts";

interface Place extends Disposable {
  readonly file: string;
  readonly where: { readonly databaseUrl: string; readonly vaultUrl: string };
  readonly vaultFolder: string;
}

/** A file and a vault of their own; the file a copy of another. */
function place(from?: string): Place {
  const folder = scratchFolder("sqlite");
  const file = join(folder.path, "target.db");
  if (from !== undefined) copyFileSync(from, file);
  const vaultFolder = join(folder.path, "vault");
  return {
    file,
    vaultFolder,
    where: { databaseUrl: `sqlite://${file}`, vaultUrl: pathToFileURL(vaultFolder).href },
    [Symbol.dispose]: folder.remove,
  };
}

/** A first import, then other writers: rows changed, deleted and unmapped, so that the next import has every class. */
const otherWriters = `
  UPDATE "Member" SET "lastName" = "lastName" || ' (old)' WHERE rowid % 3 = 0;
  UPDATE "Event" SET title = title || '?' WHERE rowid % 4 = 0;
  DELETE FROM "Registration" WHERE rowid % 3 = 0 OR "memberId" IN (SELECT id FROM "Member" WHERE rowid % 5 = 0);
  UPDATE "Registration" SET status = 'unknown' WHERE rowid % 4 = 0;
  DELETE FROM "Member" WHERE rowid % 5 = 0;
  DELETE FROM "WaIdMapping" WHERE rowid % 6 = 0 AND "entityType" <> 'Event' OR "murmurantId" NOT IN (
    SELECT id FROM "Member" UNION ALL SELECT id FROM "Event" UNION ALL SELECT id FROM "Registration")`;

/** Every row of the tables an import journals, and of the run's own records, as text. */
function contentOf(file: string, runId: string): Record<string, string[]> {
  const db = new DatabaseSync(file);
  try {
    const rows = (sql: string) =>
      db
        .prepare(sql)
        .all()
        .map((row) => Object.values(row).join(" "));
    const content: Record<string, string[]> = {};
    for (const table of journaledTables) {
      const columns = db.prepare(`PRAGMA table_info("${table}")`).all();
      const values = columns.map(({ name }) => exactValue(`"${name}"`)).join(" || ' ' || ");
      content[table] = rows(`SELECT ${values} FROM "${table}" ORDER BY id`);
    }
    content.run = rows(
      `SELECT kind, state, plan_digest, result, error, bundle, rows, completed_at FROM runback_runs WHERE run_id = '${runId}'`,
    );
    content.steps = rows(`SELECT seq, name, rows FROM runback_steps WHERE run_id = '${runId}' ORDER BY seq`);
    content.audit = rows(
      `SELECT action, count(*) FROM "AuditLog" WHERE action <> 'migration:failed' AND (metadata ->> '$.run_id' = '${runId}'
       OR metadata ->> '$.rollback_run_id' = '${runId}') GROUP BY action ORDER BY action`,
    );
    content.leftovers = rows("SELECT name FROM sqlite_schema WHERE name GLOB 'runback_stage_*'");
    content.marker = rows("SELECT slot FROM runback_marker");
    return content;
  } finally {
    db.close();
  }
}

/** No changed row without an image, no image without a changed row, and a chain that holds: at every moment of a run. */
async function violations(before: string, at: Place, runId: string): Promise<string[]> {
  const engine = openSqlite(at.where.databaseUrl);
  try {
    const found: string[] = [];
    for (const name of journaledTables) found.push(...(await journalGaps(engine, before, name, runId)));
    const audit = await engine.transaction((tx) => engine.audit.verify(tx, wildApricotImport.auditTable, 10));
    return [...found, ...audit.problems.map(({ kind, detail }) => `audit: ${kind} ${detail}`)];
  } finally {
    await engine.close();
  }
}

async function journalGaps(engine: Engine, before: string, name: string, runId: string): Promise<string[]> {
  const table = findTable(await engine.catalog(), name)!;
  const text = (values: readonly string[]) => values.map(exactValue).join(" || ' ' || ");
  const then = new DatabaseSync(before, { readOnly: true });
  const live = text(table.columns.map((column) => `"${column.name}"`));
  const was = new Map(
    then
      .prepare(`SELECT id, ${live} AS row FROM "${name}"`)
      .all()
      .map(({ id, row }) => [String(id), String(row)]),
  );
  then.close();
  const now = new Map(
    (await engine.query<{ id: string; row: string }>(`SELECT id, ${live} AS row FROM "${name}"`)).rows.map(
      ({ id, row }) => [String(id), row],
    ),
  );
  const side = (letter: string) => text(table.columns.map((_, at) => `j.${letter}${at}`));
  const entries = await engine.query<{ key: string; before: string | null; after: string | null }>(
    `SELECT coalesce(j.b0, j.a0) AS key, CASE WHEN j.b0 IS NOT NULL THEN ${side("b")} END AS before, CASE WHEN j.a0 IS NOT NULL THEN ${side("a")} END AS after
     FROM runback_journal j JOIN runback_layouts l ON l.num = j.layout
     WHERE l.table_name = $1 AND j.run = (SELECT num FROM runback_runs WHERE run_id = $2) ORDER BY j.ord`,
    [name, runId],
  );
  const replayed = new Map(was);
  const wrong: string[] = [];
  for (const { key, before: image, after } of entries.rows) {
    if ((replayed.get(String(key)) ?? null) !== image) wrong.push(`${name} ${key}: the image is not what was there`);
    if (after === null) replayed.delete(String(key));
    else replayed.set(String(key), after);
  }
  const keys = new Set([...replayed.keys(), ...now.keys()]);
  for (const key of keys)
    if (replayed.get(key) !== now.get(key)) wrong.push(`${name} ${key}: changed without an image`);
  return wrong;
}

const kills = (few: number, many: number) => Array.from({ length: deep ? many : few }, (_, index) => index);

describe.each(inTurn(["import", "rollback"] as const))(`kill -9 on sqlite during %s (RUNBACK_SEED=${seed})`, (kind) => {
  let template: string;
  let task: Task;
  let undisturbed: unknown;
  const points: string[] = [];
  const folders: { remove: () => void }[] = [];
  const observed = (at: Place) => ({
    ...contentOf(at.file, task.runId),
    bundle: bundleFiles(join(at.vaultFolder, "bundles", task.runId)),
  });

  beforeAll(async () => {
    const source = scratchFolder("source");
    const made = scratchFolder("template");
    folders.push(source, made);
    await writeSampleExport(source.path, { seed: 7, members: 200, events: 40, registrations: 700 });
    const importing: Task = {
      action: "import",
      source: source.path,
      runId: "run-20260115-143000-1a2b3c",
      stepRows: 90,
      now: "2026-01-15T14:30:00.000Z",
    };
    using first = place();
    await runJob({
      ...importing,
      ...first.where,
      runId: "run-20260101-000000-5e1f00",
      stepRows: 5_000,
      now: "2026-01-01T00:00:00.000Z",
    });
    const engine = openSqlite(first.where.databaseUrl);
    await engine.script(otherWriters);
    await engine.close();
    if (kind === "rollback") await runJob({ ...importing, ...first.where });
    task =
      kind === "import"
        ? importing
        : { ...importing, action: "rollback", runId: "run-20260115-150000-4d5e6f", reverts: importing.runId };
    template = join(made.path, "template.db");
    copyFileSync(first.file, template);
    using calm = place(template);
    const reach = async (point: string) => void points.push(point);
    await runJob(
      { ...task, ...calm.where },
      { engine: (opened) => engineWithPoints(opened, reach), vault: (vault) => vaultWithPoints(vault, reach) },
    );
    undisturbed = observed(calm);
    expect(await violations(template, calm, task.runId)).toEqual([]);
  });
  afterAll(() => folders.forEach((folder) => void folder.remove()));

  function runState(file: string): string | undefined {
    const db = new DatabaseSync(file);
    try {
      return db.prepare("SELECT state FROM runback_runs WHERE run_id = ?").get(task.runId)?.state as string | undefined;
    } finally {
      db.close();
    }
  }

  /** The job that goes on with what an interrupted one left. */
  function goingOn(at: Place): Task {
    if (task.action !== "import") return task;
    if (runState(at.file) !== undefined) return { ...task, action: "resume" };
    // It died before it was on record. Only here do two attempts share an id; the first one's mark would refuse the second.
    rmSync(join(at.vaultFolder, "runs"), { recursive: true, force: true });
    return task;
  }

  async function expectRecovery(at: Place): Promise<void> {
    expect(await violations(template, at, task.runId)).toEqual([]);
    if (runState(at.file) !== "completed") await runJob({ ...goingOn(at), ...at.where });
    expect(await violations(template, at, task.runId)).toEqual([]);
    expect(existsSync(join(at.vaultFolder, "bundles", task.runId))).toBe(true);
    expect(observed(at)).toEqual(undisturbed);
  }

  test.each(kills(3, 150))("between statements, around commits and stores: %i", async (index) => {
    const random = seededRandom(seed + index);
    using at = place(template);
    const first = startWorker({ ...task, ...at.where, holdAt: 1 + Math.floor(random() * points.length) });
    expect(await first.held).toBeDefined();
    await first.kill();
    expect((await first.end).stderr).toBe("");
    // Every third one dies a second time, on its way back.
    if (index % 3 === 0) {
      expect(await violations(template, at, task.runId)).toEqual([]);
      const second = startWorker({ ...goingOn(at), ...at.where, holdAt: 1 + Math.floor(random() * 60) });
      await second.held;
      await second.kill();
    }
    await expectRecovery(at);
  });

  test.each(kills(1, 50))("while it runs on: %i", async (index) => {
    const random = seededRandom(seed + index);
    using at = place(template);
    const worker = startWorker({ ...task, ...at.where });
    await worker.progressed(1 + Math.floor(random() * 12));
    await worker.kill();
    await expectRecovery(at);
  });
});
