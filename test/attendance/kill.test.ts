import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath, pathToFileURL } from "node:url";
import { openEngine } from "@runback/engines";
import { type Context, closeEvent, runRollback } from "@runback/operations";
import { describe, expect, test } from "vitest";
import { isDeadHolder, thisHolder } from "../../packages/runtime/src/holder.ts";
import { deep, seed, seededRandom } from "../faults/seeded-random.ts";
import { scratchFolder } from "../faults/targets.ts";
import { createDatabase } from "../support/database.ts";
import { createMysqlDatabase } from "../support/mysql-database.ts";
import { inTurn } from "../support/rotated-engines.ts";
import {
  addEvent,
  asReplayed,
  attendanceTarget,
  auditTable,
  closes,
  entries,
  house,
  people,
  replayed,
  statusOf,
  unseen,
} from "./attendance-target.ts";
import type { ClosingJob } from "./closing-worker.ts";

const program = fileURLToPath(new URL("./closing-worker.ts", import.meta.url));
const kills = deep ? 40 : 2;

async function sqliteFile() {
  const folder = scratchFolder("attendance-kill");
  return { url: `sqlite://${folder.path}/target.db`, [Symbol.asyncDispose]: async () => folder.remove() };
}

interface Said {
  readonly held?: string;
  readonly points?: number;
  readonly runId?: string;
}

/** Runs the worker to its end, or kills it where it holds. */
async function work(job: ClosingJob): Promise<Said> {
  const child = spawn(process.execPath, [program, JSON.stringify(job)], { stdio: ["ignore", "pipe", "inherit"] });
  let said: Said = {};
  createInterface(child.stdout).on("line", (line) => {
    said = JSON.parse(line) as Said;
    if (said.held !== undefined) child.kill("SIGKILL");
  });
  await once(child, "close");
  return said;
}

describe.each(
  inTurn([
    ["postgres", createDatabase],
    ["mysql", createMysqlDatabase],
    ["sqlite", sqliteFile],
  ] as const),
)("killed on %s", (name, create) => {
  test(`a closing, and the taking back of one, leave nothing twice and nothing out; seed ${seed}`, {
    timeout: 900_000,
  }, async () => {
    await using database = await create();
    await using target = await attendanceTarget(name, "participants", await openEngine(database.url));
    const vault = scratchFolder("attendance-vault");
    const context: Context = { ...target.context, holder: thisHolder, isDead: isDeadHolder, stepRows: 3 };
    const random = seededRandom(seed);
    const job = (event: number): ClosingJob => ({
      ...{ databaseUrl: database.url, vaultUrl: pathToFileURL(vault.path).href, now: closes.toISOString() },
      event: String(event),
    });
    const prepare = async (event: number) => {
      await addEvent(target, event, [
        ...unseen(7),
        ["registered", "present"],
        ["registered", "late"],
        ["cancelled", null],
      ]);
      return await people(target, event);
    };
    const closed = [...Array(7).fill("registered absent"), "attended present", "attended late", "cancelled unknown"];
    const holds = async (event: number, began: Awaited<ReturnType<typeof prepare>>, entriesThen: number) => {
      const now = await people(target, event);
      const log = (await entries(target)).filter(({ participant }) =>
        began.some((each) => each.participant === participant),
      );
      expect(replayed(began, log)).toEqual(asReplayed(now));
      expect(log.length).toBe(entriesThen);
      return now;
    };

    // How many places there are to die at; the first closing of all has more, for it enrols the tables.
    await prepare(1);
    await work(job(1));
    let event = 2;
    let began = await prepare(event);
    const whole = await work(job(event));
    expect(
      (await holds(event, began, 9)).map(
        ({ registration, attendance }) => `${registration} ${attendance ?? "unknown"}`,
      ),
    ).toEqual(closed);
    const back = await work({ ...job(event), reverts: whole.runId! });
    expect(await holds(event, began, 18)).toEqual(began);
    expect(Math.min(whole.points!, back.points!)).toBeGreaterThan(30);

    for (let kill = 0; kill < kills; kill++) {
      event++;
      began = await prepare(event);
      const holdAt = 1 + Math.floor(random() * (whole.points! - 2));
      const died = await work({ ...job(event), holdAt });
      expect(died.held, `point ${holdAt}`).toBeDefined();
      // Whatever was committed is whole: an entry for each change, a change for each entry.
      const log = (await entries(target)).filter(({ participant }) =>
        began.some((each) => each.participant === participant),
      );
      expect(replayed(began, log), died.held).toEqual(asReplayed(await people(target, event)));
      const result = await closeEvent(context, { ...house, event: String(event), operator: "next", auditTable });
      const now = await holds(event, began, 9);
      expect(
        now.map(({ registration, attendance }) => `${registration} ${attendance ?? "unknown"}`),
        died.held,
      ).toEqual(closed);
      expect(await statusOf(target, event)).toBe("completed");
      // After its last commit the dead one had done it all.
      const { rows } = await target.engine.query<{ run: string }>(
        `SELECT run_id AS run FROM ${target.engine.dialect.table({ schema: "runback", name: "runs" })} WHERE migration = 'attendance:${event}' AND state = 'completed'`,
      );
      expect(rows.length).toBe(1);
      const runId = result.runId ?? rows[0]!.run;
      expect(runId).toBe(rows[0]!.run);

      const undoAt = 1 + Math.floor(random() * (back.points! - 2));
      const diedAgain = await work({ ...job(event), reverts: runId, holdAt: undoAt });
      expect(diedAgain.held, `point ${undoAt}`).toBeDefined();
      const half = (await entries(target)).filter(({ participant }) =>
        began.some((each) => each.participant === participant),
      );
      expect(replayed(began, half), diedAgain.held).toEqual(asReplayed(await people(target, event)));
      // Done already, it finds every row back.
      await runRollback(context, { runId, operator: "next", onConflict: "abort", auditTable });
      expect(await holds(event, began, 18), diedAgain.held).toEqual(began);
      expect(await statusOf(target, event)).toBe("published");
    }
    vault.remove();
  });
});
