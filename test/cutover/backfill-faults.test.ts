import { setImmediate as nextTurn } from "node:timers/promises";
import { attendeeStatus } from "@runback/attendance";
import { type Engine, mapLegacy, phaseDdl, RunbackError } from "@runback/core";
import { openSqlite } from "@runback/engines";
import { type Context, resumeBackfill, runBackfill, startBackfill } from "@runback/operations";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { deep, seed, seededRandom } from "../faults/seeded-random.ts";
import { auditTable, testContext } from "../operations/support.ts";
import { type EngineName, engineNames } from "../support/engines.ts";

const servers: readonly EngineName[] = ["postgres", "mysql", "sqlite"];
const spellings = ["present", " Reg ", "no show", "WALK-IN"];
const count = deep ? 20_000 : 2_000;

describe.each(engineNames.filter((name) => servers.includes(name)))(
  `backfill among others on %s (RUNBACK_SEED=${seed})`,
  (name) => {
    let at: Awaited<ReturnType<typeof testContext>>;
    let context: Context;
    let engine: Engine;
    /** Somebody else, in sessions of their own. */
    let other: Engine;

    beforeAll(async () => {
      at = await testContext(name);
      context = { ...at.context, clock: { now: () => new Date() } };
      engine = at.target.engine;
      other = name === "sqlite" ? openSqlite(engine.location) : engine;
      await engine.script("CREATE TABLE event_attendance (id integer PRIMARY KEY, status varchar(100))");
      for (const step of phaseDdl(attendeeStatus, 0, engine.dialect).up)
        if (step.kind === "sql") await engine.script(step.sql);
    });
    afterAll(async () => {
      if (other !== engine) await other?.close();
      await at?.[Symbol.asyncDispose]();
    });

    const options = {
      cutover: attendeeStatus,
      operator: "tests",
      auditTable,
      runbookCompat: false,
    };
    const fill = async () => {
      await engine.query("DELETE FROM event_attendance");
      const rows = Array.from({ length: count }, (_, index) => `(${index}, '${spellings[index % 4]}')`);
      await engine.script(`INSERT INTO event_attendance (id, status) VALUES ${rows.join(", ")}`);
    };
    const rows = async () =>
      (
        await engine.query<{ id: number; status: string; status_v2: string | null }>(
          "SELECT id, status, status_v2 FROM event_attendance ORDER BY id",
        )
      ).rows;
    /** Holds a row of the table until it is let go. */
    const hold = async (id: number) => {
      const held = Promise.withResolvers<void>();
      const { promise: letGo, resolve: release } = Promise.withResolvers<void>();
      const done = other.transaction(async (tx) => {
        // Somebody who may idle in a transaction for as long as they like.
        if (name === "postgres") await tx.query("SET LOCAL idle_in_transaction_session_timeout = 0");
        await tx.query(`UPDATE event_attendance SET status = 'absent', status_v2 = 'dna' WHERE id = ${id}`);
        held.resolve();
        await letGo;
      });
      await held.promise;
      return { release, done };
    };
    /** After the first step somebody takes a lock, and lets go of it when a step met it. */
    const lockedOnTheWay = (id: number) => {
      let steps = 0;
      let held: Awaited<ReturnType<typeof hold>> | undefined;
      const watched: Engine = {
        ...engine,
        transaction: async (work, modes) => {
          if (steps === 1) held ??= await hold(id);
          try {
            return await engine.transaction(work, modes);
          } catch (error) {
            if (error instanceof RunbackError && error.code === "LOCK_TIMEOUT") held?.release();
            throw error;
          }
        },
      };
      const progressed = () => void steps++;
      return { context: { ...context, engine: watched, onProgress: progressed }, done: () => held?.done };
    };

    test("a lock that somebody holds makes steps smaller and later, and fails nothing", async () => {
      await fill();
      const locked = lockedOnTheWay(700);
      const result = await runBackfill(locked.context, { ...options, stepMs: 60 });
      await locked.done();
      expect(result.lockTimeouts).toBeGreaterThan(0);
      expect(result).toMatchObject({ filled: count - 1, remaining: 0 });
      for (const row of await rows()) expect(row.status_v2).toBe(mapLegacy(attendeeStatus, row.status));
      expect((await rows())[700]).toMatchObject({ status: "absent", status_v2: "dna" });
    });

    test("writers beside it lose nothing, and neither does it", async () => {
      await fill();
      const random = seededRandom(seed);
      const own = new Map<number, string>();
      let ended = false;
      const codes = attendeeStatus.codes.map(({ code }) => code);
      const writer = async () => {
        while (!ended) {
          // A session in this process answers without leaving it: others would never have their turn.
          await nextTurn();
          const id = Math.floor(random() * count * 1.2);
          const code = codes[Math.floor(random() * 4)]!;
          try {
            await other.transaction(async (tx) => {
              const changed = await tx.query(
                `UPDATE event_attendance SET status = 'by hand', status_v2 = '${code}' WHERE id = ${id}`,
              );
              if (changed.count === 0)
                await tx.query(
                  `INSERT INTO event_attendance (id, status, status_v2) VALUES (${id}, 'by hand', '${code}')`,
                );
            });
            own.set(id, code);
          } catch (error) {
            // A deadlock is possible where two rows are locked in two orders; one of the two goes back as a whole.
            expect(error).toMatchObject({ code: "LOCK_TIMEOUT" });
          }
        }
      };
      const writing = writer();
      const result = await runBackfill({ ...context, stepRows: 50 }, options).finally(() => {
        ended = true;
      });
      await writing;
      expect(own.size).toBeGreaterThan(0);
      expect(result.remaining).toBe(0);
      for (const row of await rows())
        expect(row.status_v2, `row ${row.id}`).toBe(own.get(row.id) ?? mapLegacy(attendeeStatus, row.status));
      // Exactly the rows it filled are in its journal.
      expect(await engine.journal.rows(engine, result.runId)).toBe(result.filled);
    });

    test.runIf(deep)("a lock that is never let go leaves its rows to the end, which says so", async () => {
      await fill();
      const { runId } = await startBackfill(context, { ...options, stepMs: 20 });
      const held = await hold(700);
      await expect(resumeBackfill(context, attendeeStatus, runId)).rejects.toMatchObject({ code: "LOCK_TIMEOUT" });
      const left = (await rows()).filter((row) => row.status_v2 === null);
      // A lock on SQLite is one of the whole file.
      if (name !== "sqlite") expect(left.length).toBeLessThanOrEqual(20);
      held.release();
      await held.done;
      expect(await resumeBackfill(context, attendeeStatus, runId)).toMatchObject({ remaining: 0 });
    });
  },
);
