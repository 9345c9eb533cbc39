import { rmSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { attendeeStatus } from "@runback/attendance";
import { type Engine, findTable, mapLegacy, phaseDdl } from "@runback/core";
import { openMysql, openPostgres, openSqlite } from "@runback/engines";
import { runRollback } from "@runback/operations";
import { openVault } from "@runback/vault";
import { describe, expect, test } from "vitest";
import { type Job, runJob } from "../faults/job.ts";
import { deep, seed, seededRandom } from "../faults/seeded-random.ts";
import { startWorker } from "../faults/start-worker.ts";
import { scratchFolder } from "../faults/targets.ts";
import { createDatabase } from "../support/database.ts";
import { type EngineName, engineNames } from "../support/engines.ts";
import { createMysqlDatabase } from "../support/mysql-database.ts";
import { inTurn } from "../support/rotated-engines.ts";

const servers: readonly EngineName[] = ["postgres", "mysql", "sqlite"];
const runId = "run-20260115-143000-1a2b3c";
const auditTable = { schema: "runback", name: "audit" };
const spellings = ["present", " Reg ", "no show", "WALK-IN", "cancelled", null];
const everyLeaf = Array.from({ length: 256 }, (_, leaf) => leaf);

describe.each(inTurn(engineNames.filter((name) => servers.includes(name))))(
  `kill -9 during a backfill on %s (RUNBACK_SEED=${seed})`,
  (name) => {
    /** A target with 200 rows to fill, and a vault of its own. */
    async function place() {
      const folder = scratchFolder("backfill");
      const database =
        name === "postgres" ? await createDatabase() : name === "mysql" ? await createMysqlDatabase() : undefined;
      const databaseUrl = database?.url ?? `sqlite://${join(folder.path, "target.db")}`;
      const open = { postgres: openPostgres, mysql: openMysql, sqlite: openSqlite }[
        name as "postgres" | "mysql" | "sqlite"
      ];
      const engine = open(databaseUrl);
      await engine.init();
      await engine.script("CREATE TABLE event_attendance (id integer PRIMARY KEY, status varchar(100))");
      for (const step of phaseDdl(attendeeStatus, 0, engine.dialect).up)
        if (step.kind === "sql") await engine.script(step.sql);
      const rows = Array.from({ length: 200 }, (_, at) => {
        const value = spellings[at % 6];
        return `(${at * 3}, ${value == null ? "NULL" : `'${value}'`})`;
      });
      await engine.script(`INSERT INTO event_attendance (id, status) VALUES ${rows.join(", ")}`);
      const vaultUrl = pathToFileURL(join(folder.path, "vault")).href;
      const job: Job = {
        ...{
          databaseUrl,
          vaultUrl,
          action: "backfill",
          source: "",
          runId,
          stepRows: 30,
          now: "2026-01-15T14:30:00.000Z",
        },
      };
      return {
        engine,
        job,
        [Symbol.asyncDispose]: async () => {
          await engine.close();
          await database?.drop();
          rmSync(folder.path, { recursive: true, force: true });
        },
      };
    }

    /** Rows, the run's own numbers and the journal tell one story, dead or alive. */
    async function expectOneStory(engine: Engine) {
      const { rows } = await engine.query<{ id: number; status: string | null; status_v2: string | null }>(
        "SELECT id, status, status_v2 FROM event_attendance ORDER BY id",
      );
      const filled = rows.filter((row) => row.status_v2 !== null);
      for (const row of filled) expect(row.status_v2).toBe(mapLegacy(attendeeStatus, row.status));
      const run = await engine.store.run(engine, runId);
      if (run === undefined) return expect(filled).toEqual([]);
      const steps = await engine.store.steps(engine, runId);
      expect(run.rows).toBe(filled.length);
      expect(steps.reduce((sum, step) => sum + step.rows, 0)).toBe(filled.length);
      expect((run.checkpoint as { filled: number }).filled).toBe(filled.length);
      expect(await engine.journal.rows(engine, runId)).toBe(filled.length);
      const table = findTable(await engine.catalog(), "event_attendance")!;
      const gaps = await engine.transaction((tx) => engine.journal.differing(tx, table, everyLeaf, 500));
      // Rows that no run touched are not in the journal; the others are in it as they are.
      expect(gaps).toHaveLength(200 - filled.length);
      const audit = await engine.transaction((tx) => engine.audit.verify(tx, auditTable, 10), {
        isolation: "snapshot",
      });
      expect(audit.problems).toEqual([]);
    }

    test.each(Array.from({ length: deep ? 100 : 2 }, (_, index) => index))(
      "between statements and around commits: %i",
      async (index) => {
        const random = seededRandom(seed + index);
        await using at = await place();
        const worker = startWorker({ ...at.job, holdAt: 1 + Math.floor(random() * 110) });
        await worker.held;
        await worker.kill();
        expect((await worker.end).stderr).toBe("");
        await expectOneStory(at.engine);
        // Every other one dies a second time, on its way back.
        const started = async () => (await at.engine.store.run(at.engine, runId))?.state;
        const goOn = async (): Promise<Job> => ({
          ...at.job,
          action: (await started()) === undefined ? "backfill" : "resume-backfill",
        });
        if (index % 2 === 1 && (await started()) !== "completed") {
          const second = startWorker({ ...(await goOn()), holdAt: 1 + Math.floor(random() * 60) });
          await second.held;
          await second.kill();
          await expectOneStory(at.engine);
        }
        if ((await started()) !== "completed") await runJob(await goOn());
        await expectOneStory(at.engine);
        const run = await at.engine.store.run(at.engine, runId);
        expect(run).toMatchObject({ state: "completed", rows: 134, steps: 7 });
        expect(run!.result).toMatchObject({ filled: 134, quarantinedRows: 66, remaining: 0 });
        // And all of it is taken back as one run.
        const vault = await openVault(at.job.vaultUrl);
        const clock = { now: () => new Date() };
        const { classes } = await runRollback(
          {
            ...{ engine: at.engine, vault, clock, logger: { log: () => {} } },
            ...{ holder: "tests:2", isDead: () => true },
          },
          { runId, operator: "tests", onConflict: "abort", auditTable },
        );
        expect(classes).toMatchObject({ reverted: 134, edited: 0 });
        await vault.close();
      },
    );
  },
);
