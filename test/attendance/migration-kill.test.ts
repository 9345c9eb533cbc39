import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { type Engine, findTable } from "@runback/core";
import {
  approve,
  migrateAttendance,
  planAttendance,
  planAttendanceRemoval,
  removeAttendance,
  setAttendanceTriggers,
} from "@runback/operations";
import { readAll } from "@runback/vault";
import { describe, expect, test } from "vitest";
import { blowsOn, type FaultSite, faultFamilies, faultSite } from "../faults/fault-site.ts";
import { deep, seed, seededRandom } from "../faults/seeded-random.ts";
import { inTurn } from "../support/rotated-engines.ts";
import { createInstallation } from "./installation.ts";

const auditTable = { schema: "runback", name: "audit" };
const about = { operator: "faults", auditTable };
const trials = deep ? 6 : 1;
/** Of the migration, and of its removal. */
const blowsAtMost = deep ? 4 : 2;
const people = 40;
const auditRows = 30;

describe.each(inTurn(faultFamilies))(
  `the attendance schema, killed on its way on %s (RUNBACK_SEED=${seed})`,
  (name) => {
    test.each(Array.from({ length: trials }, (_, trial) => trial))(
      "comes once, and goes with its audit in the vault: %i",
      { timeout: 600_000 },
      async (trial) => {
        const random = seededRandom(seed + trial);
        await using site = await faultSite(name);
        const { engine, context } = site;
        await createInstallation(engine, people);
        const before = await shape(engine);
        const told = { migrate: 0, remove: 0 };
        await using writer = applicationOfBefore(engine, random);
        const disturb = async (
          job: Parameters<FaultSite["disturbed"]>[0],
          places: number,
          judge: () => Promise<void>,
        ) => {
          let blows = 0;
          for (let attempt = 0; attempt < blowsAtMost; attempt++) {
            const blow = blowsOn(name)[Math.floor(random() * blowsOn(name).length)]!;
            const end = await site.disturbed({ stepRows: 6, ...job }, 1 + Math.floor(random() * places), blow);
            const what = `${job.action}: ${blow} at ${end.held} ${JSON.stringify(end.error ?? null)}`;
            expect(end.stderr, what).toBe("");
            if (end.held !== undefined) blows++;
            await judge().catch((error: unknown) => {
              throw new Error(what, { cause: error });
            });
            if (end.result !== undefined) break;
          }
          return blows;
        };

        const work = (async () => {
          told.migrate = await disturb({ action: "migrate-attendance" }, 160, async () => {
            for (const run of await runsOf(engine, "migrate"))
              expect(await engine.journal.rows(engine, run.runId)).toBe(run.rows);
          });
          await migrateAttendance({ ...context, stepRows: 6 }, about);
          // Somebody of the application of before came meanwhile, and has no status yet.
          while ((await planAttendance(context)).backfill > 0) await migrateAttendance(context, about);
          expect(await planAttendance(context)).toMatchObject({ steps: [], differences: [], obstacles: [] });
          const migrated = await runsOf(engine, "migrate");
          for (const run of migrated) {
            expect(run.state).toBe("completed");
            expect(await engine.journal.rows(engine, run.runId)).toBe(run.rows);
          }
          expect(migrated.reduce((sum, run) => sum + run.rows, 0)).toBeGreaterThanOrEqual(people);

          await use(engine);
          if (random() < 0.5) await setAttendanceTriggers(context, { ...about, on: true });
          const { digest } = await planAttendanceRemoval(context);
          const { id: approval } = await approve(
            context,
            { digest, action: "attendance rollback", requestedBy: "faults", approvedBy: "bo" },
            auditTable,
          );
          told.remove = await disturb({ action: "remove-attendance", approval }, 220, async () => {
            const kept = (await auditTables(engine)).length;
            expect(kept).toBeLessThanOrEqual(1);
            if (kept === 0) await expectExport(site);
          });
          const removed = await removeAttendance(context, { ...about, approval });
          if (removed.runId !== null) expect(removed.export).toMatchObject({ rows: auditRows });
          expect(await planAttendanceRemoval(context)).toMatchObject({ removes: [] });
          expect(await shape(engine)).toEqual(before);
          await expectExport(site);
          const [run, ...more] = (await runsOf(engine, "rollback")).filter(({ state }) => state !== "aborted");
          expect([run?.state, more]).toEqual(["completed", []]);
        })();
        await Promise.race([work, writer.failed]);
        await writer.stop();
        const { rows } = await engine.query<{ id: number; status: string }>(
          "SELECT participant_id AS id, status AS status FROM event_participants WHERE participant_id > 1000 ORDER BY participant_id",
        );
        expect(rows.map(({ id, status }) => [Number(id), status])).toEqual([...writer.truth]);
        const audit = await engine.transaction((tx) => engine.audit.verify(tx, auditTable, 10), {
          isolation: "snapshot",
        });
        expect(audit.problems).toEqual([]);
        if (deep) console.log(`${name}: ${told.migrate} blows on the way in, ${told.remove} on the way out`);
      },
    );
  },
);

/** The application as it was before: it knows none of the new columns, and must never be refused. */
function applicationOfBefore(engine: Engine, random: () => number) {
  const truth = new Map<number, string>();
  let ended = false;
  const { promise: failed, reject } = Promise.withResolvers<never>();
  failed.catch(() => {});
  const words = ["registered", "waitlisted", "cancelled"];
  const working = (async () => {
    for (let next = 1001; !ended; await sleep(8)) {
      const status = words[Math.floor(random() * 3)]!;
      const ids = [...truth.keys()];
      const known = ids[Math.floor(random() * ids.length)];
      try {
        if (known === undefined || random() < 0.2) {
          await engine.query(
            "INSERT INTO event_participants (participant_id, event_id, user_id, status) VALUES ($1, 1, $1, $2)",
            [next, status],
          );
          truth.set(next++, status);
        } else {
          await engine.query("UPDATE event_participants SET status = $1 WHERE participant_id = $2", [status, known]);
          truth.set(known, status);
        }
      } catch (error) {
        if (!["LOCK_TIMEOUT", "40P01"].includes(String((error as { code?: unknown }).code))) return reject(error);
      }
    }
  })();
  const stop = async () => {
    ended = true;
    await working;
  };
  return { truth, failed, stop, [Symbol.asyncDispose]: stop };
}

/** Marks somebody, with an entry for each change. */
async function use(engine: Engine): Promise<void> {
  await engine.query("UPDATE event_participants SET attendance_status = 'present' WHERE participant_id <= 5");
  const rows = Array.from(
    { length: auditRows },
    (_, at) => `(1, ${at + 1}, ${at + 1}, 'check_in', 'unknown', 'present', 'no. ${at}', '2026-01-10 10:00:00')`,
  );
  await engine.query(
    `INSERT INTO event_attendance_audit (event_id, participant_id, user_id, action, previous_status, new_status, reason, performed_at) VALUES ${rows.join(", ")}`,
  );
}

async function runsOf(engine: Engine, verb: string) {
  const { runs } = await engine.store.runs(engine, { limit: 100 });
  return runs.filter((run) => run.kind === "attendance" && (run.input as { verb: string }).verb === verb);
}

const shape = async (engine: Engine) =>
  (await engine.catalog()).tables.map(({ name, columns }) => [name, columns.map((column) => column.name)]);

/** The audit under its own name, or under the one it is put aside by. */
async function auditTables(engine: Engine): Promise<string[]> {
  return (await engine.catalog()).tables
    .map(({ name }) => name)
    .filter((name) => name.startsWith("event_attendance_audit"));
}

/** A whole export is in the vault, as its record in the trail says. */
async function expectExport({ engine, context }: FaultSite): Promise<void> {
  const { rows } = await engine.query<{ metadata: unknown }>(
    `SELECT metadata AS metadata FROM ${engine.dialect.table(auditTable)} WHERE action = 'attendance:audit:exported'`,
  );
  expect(rows).toHaveLength(1);
  const entry = (typeof rows[0]!.metadata === "string" ? JSON.parse(rows[0]!.metadata) : rows[0]!.metadata) as {
    key: string;
    rows: number;
    sha256: string;
  };
  const stored = Buffer.from(await readAll(context.vault.get(entry.key), 10_000_000, "The export"));
  expect(createHash("sha256").update(stored).digest("hex")).toBe(entry.sha256);
  const lines = stored.toString().trimEnd().split("\n");
  expect([lines.length, entry.rows]).toEqual([auditRows, auditRows]);
  expect(new Set(lines.map((line) => (JSON.parse(line) as { reason: string }).reason)).size).toBe(auditRows);
  expect(findTable(await engine.catalog(), "event_attendance_audit")).toBeUndefined();
}
