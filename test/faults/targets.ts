import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { writeSampleExport } from "@runback/membership";
import postgres from "postgres";
import { createDatabase, type TestDatabase, templateDatabase } from "../support/database.ts";
import { type Job, runJob } from "./job.ts";
import { type Observation, observe } from "./observe.ts";
import { engineWithPoints, vaultWithPoints } from "./points.ts";

/** The tables an import journals. */
export const journaledTables = ["Member", "Event", "Registration", "WaIdMapping", "WaSyncState"] as const;

/** What an operation is given, apart from where. */
export type Task = Omit<Job, "databaseUrl" | "vaultUrl">;

/** An operation under test, and what an undisturbed run of it leaves. */
export interface Subject {
  /** Target before the operation; schema `before_run` holds a copy of the journaled tables. */
  readonly template: string;
  readonly task: Task;
  /** Places where a process can die in an undisturbed run. */
  readonly points: readonly string[];
  readonly undisturbed: Observation;
  close(): void;
}

const setupRunId = "run-20260101-000000-5e1f00";
const importRunId = "run-20260115-143000-1a2b3c";
const rollbackRunId = "run-20260115-150000-4d5e6f";

/** An import with rows to create, to update, to map and to leave alone; or taking that import back. */
export async function subject(kind: "import" | "rollback"): Promise<Subject> {
  const source = scratchFolder("source");
  await writeSampleExport(source.path, { seed: 7, members: 300, events: 60, registrations: 1_500 });
  const importing: Task = {
    action: "import",
    source: source.path,
    runId: importRunId,
    stepRows: 90,
    now: "2026-01-15T14:30:00.000Z",
  };
  if (kind === "import") {
    const template = await templateDatabase("faults: before an import", (url) => prepareImport(url, importing));
    return { ...(await measure(template, importing)), close: source.remove };
  }
  const template = await templateDatabase("faults: before a rollback", async (url) => {
    await prepareImport(url, importing);
    await runThere(url, importing);
    await script(url, `ALTER SCHEMA before_run RENAME TO before_import; ${copyTables}`);
  });
  const task: Task = { ...importing, action: "rollback", runId: rollbackRunId, reverts: importRunId };
  return { ...(await measure(template, task)), close: source.remove };
}

/** A target and a vault of its own for one disturbed run. */
export async function freshPlace({ template }: Pick<Subject, "template">): Promise<Place> {
  const database = await createDatabase({ template });
  const vault = scratchFolder("vault");
  return {
    database,
    databaseUrl: database.url,
    vaultUrl: pathToFileURL(vault.path).href,
    vaultFolder: vault.path,
    [Symbol.asyncDispose]: async () => {
      vault.remove();
      await database.drop();
    },
  };
}

export interface Place extends AsyncDisposable {
  readonly database: TestDatabase;
  readonly databaseUrl: string;
  readonly vaultUrl: string;
  readonly vaultFolder: string;
}

export function scratchFolder(what: string): { path: string; remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), `runback-fault-${what}-`));
  return { path, remove: () => rmSync(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 }) };
}

export async function script(url: string, text: string): Promise<void> {
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  try {
    await sql.unsafe(text).simple();
  } finally {
    await sql.end();
  }
}

async function measure(template: string, task: Task): Promise<Omit<Subject, "close">> {
  await using place = await freshPlace({ template });
  const points: string[] = [];
  const reach = async (point: string) => {
    points.push(point);
  };
  await runJob(
    { ...task, databaseUrl: place.databaseUrl, vaultUrl: place.vaultUrl },
    { engine: (engine) => engineWithPoints(engine, reach), vault: (vault) => vaultWithPoints(vault, reach) },
  );
  return { template, task, points, undisturbed: await observe(place, task.runId) };
}

/** A first import, then other writers: rows changed, deleted and unmapped, so that the next import has every class. */
export async function prepareImport(url: string, importing: Task): Promise<void> {
  await runThere(url, { ...importing, runId: setupRunId, stepRows: 5_000, now: "2026-01-01T00:00:00.000Z" });
  await script(
    url,
    `UPDATE "Member" SET "lastName" = "lastName" || ' (old)' WHERE ${one(3, "id")};
     UPDATE "Event" SET title = title || '?' WHERE ${one(4, "id")};
     DELETE FROM "Registration" WHERE ${one(3, "id")} OR ${one(5, '"memberId"')};
     UPDATE "Registration" SET status = 'unknown' WHERE ${one(4, "id")};
     DELETE FROM "Member" WHERE ${one(5, "id")};
     DELETE FROM "WaIdMapping" WHERE ${one(6, '"murmurantId"')} AND "entityType" <> 'Event' OR NOT EXISTS (
       SELECT FROM (SELECT id FROM "Member" UNION ALL SELECT id FROM "Event" UNION ALL SELECT id FROM "Registration") r
       WHERE r.id = "murmurantId");
     ${copyTables}`,
  );
}

/** About one row in n, always the same ones. */
const one = (n: number, column: string) => `abs(hashtext(${column}::text)) % ${n} = 0`;

const copyTables = `CREATE SCHEMA before_run; ${journaledTables
  .map((table) => `CREATE TABLE before_run."${table}" AS TABLE public."${table}";`)
  .join(" ")}`;

async function runThere(databaseUrl: string, task: Task): Promise<void> {
  const vault = scratchFolder("vault");
  await runJob({ ...task, databaseUrl, vaultUrl: pathToFileURL(vault.path).href });
  vault.remove();
}
