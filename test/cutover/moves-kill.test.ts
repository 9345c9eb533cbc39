import type { ColumnCutover } from "@runback/core";
import { advanceCutover, retreatCutover } from "@runback/operations";
import { describe, expect, test } from "vitest";
import { newestEvidence } from "../../packages/operations/src/cutover/evidence.ts";
import { isTrailing, positionName } from "../../packages/operations/src/cutover/positions.ts";
import { type StoredCutover, storedCutover } from "../../packages/operations/src/cutover/stored-cutover.ts";
import { blowsOn, type FaultSite, faultFamilies, faultSite } from "../faults/fault-site.ts";
import { deep, seed, seededRandom } from "../faults/seeded-random.ts";
import { inTurn } from "../support/rotated-engines.ts";
import { expectConsistent } from "./expect-consistent.ts";
import { killedCutover } from "./killed-cutover.ts";
import { openGate } from "./open-gate.ts";
import { randomWriter } from "./random-writer.ts";

const auditTable = { schema: "runback", name: "audit" };
const about = { operator: "next", auditTable };
const positions = ["planned", "0", "1", "2", "3", "4", "5"];
const walks = deep ? 2 : 1;
/** Every day some of the moves of a walk. */
const disturbing = deep ? 1 : 0.35;

describe.each(
  inTurn(
    faultFamilies.flatMap((name) =>
      (["application", "bridge"] as const).map((dualWrite) => [name, dualWrite] as const),
    ),
  ),
)(`moves of a cutover that are cut short on %s, by %s (RUNBACK_SEED=${seed})`, (name, dualWrite) => {
  test.each(Array.from({ length: walks }, (_, walk) => walk))(
    "there and back, with somebody who writes all the time: walk %i",
    { timeout: 900_000 },
    async (walk) => {
      const random = seededRandom(seed + walk);
      const one = <T>(of: readonly T[]) => of[Math.floor(random() * of.length)]!;
      await using site = await faultSite(name);
      const { engine, context } = site;
      const cutover = killedCutover(dualWrite);
      // A writer of the new column alone leaves the other one to the bridge: on SQLite that fills it after the row is written.
      const required = dualWrite === "bridge" ? "" : "NOT NULL";
      await engine.query(
        `CREATE TABLE event_attendance (id integer NOT NULL PRIMARY KEY, status varchar(100) ${required})`,
      );
      const rows = new Map<number, string>();
      for (let id = 1; id <= 40; id++) {
        const { code, spellings } = one(cutover.codes);
        await engine.query("INSERT INTO event_attendance (id, status) VALUES ($1, $2)", [id, one(spellings)]);
        rows.set(id, code);
      }
      await using writer = randomWriter(engine, cutover, random, rows);
      /** Places that a move had when nothing disturbed it. */
      const places = new Map<string, number>();
      const told = { blows: 0, unhurt: 0, opposite: 0, held: new Map<string, number>() };
      const moves = (from: string, to: string) =>
        positions.indexOf(to) > positions.indexOf(from) ? "advance" : "retreat";
      const finish = async (kind: "advance" | "retreat", to: string) => {
        const move = kind === "advance" ? advanceCutover : retreatCutover;
        await move(context, cutover, { ...about, to });
      };
      const neighbour = (at: string, goal: string) =>
        positions[positions.indexOf(at) + Math.sign(positions.indexOf(goal) - positions.indexOf(at))]!;

      const whole = (async () => {
        for (const goal of ["5", "planned"]) {
          let at = positionName(await expectConsistent(engine, cutover, writer, true));
          while (at !== goal) {
            const to = neighbour(at, goal);
            const kind = moves(at, to);
            if (kind === "advance") await openGate(site, cutover, Number(to), writer);
            else await beforeRetreat(site, at, writer);
            if (random() >= disturbing) {
              await finish(kind, to);
              if (dualWrite === "application") await lateWriters();
              at = positionName(await expectConsistent(engine, cutover, writer, true));
              continue;
            }
            const key = `${at} to ${to}`;
            const holdAt = 1 + Math.floor(random() * (places.get(key) ?? 60));
            const blow = one(blowsOn(name));
            const end = await site.disturbed({ action: kind, to, dualWrite }, holdAt, blow);
            expect(end.stderr, `${key}: ${blow} at ${end.held}`).toBe("");
            if (end.held === undefined) {
              told.unhurt++;
              places.set(key, end.points);
            } else {
              told.blows++;
              told.held.set(blow, (told.held.get(blow) ?? 0) + 1);
            }
            const what = `${key}: ${blow} at ${end.held} ${JSON.stringify(end.error ?? null)}`;
            const left = await expectConsistent(engine, cutover, writer, false).catch((error: unknown) => {
              throw new Error(what, { cause: error });
            });
            // The same command, or the one that takes it back.
            try {
              if (random() < 0.3) {
                told.opposite++;
                await oppositeOf(kind, left, to);
              } else await finish(kind, to);
              if (dualWrite === "application") await lateWriters();
              at = positionName(await expectConsistent(engine, cutover, writer, true));
            } catch (error) {
              throw new Error(`${what}, then it was at ${positionName(left)}, moving ${left.moving}`, {
                cause: error,
              });
            }
          }
        }
      })();
      await Promise.race([whole, writer.failed]);
      if (deep)
        console.log(
          `${name} ${dualWrite}: ${told.blows} blows ${JSON.stringify(Object.fromEntries(told.held))}, ${told.unhurt} not reached, ${told.opposite} taken back`,
        );
      await expectRecord(site, cutover);

      async function oppositeOf(kind: "advance" | "retreat", left: StoredCutover, to: string): Promise<void> {
        const now = positionName(left);
        if (kind === "advance") {
          // On record already, with something left to follow, it is a whole phase that is taken back.
          const cutShort = left.moving?.startsWith("advance:") && !isTrailing(left);
          const back = cutShort ? now : positions[positions.indexOf(now) - 1];
          if (back === undefined) await expect(finish("retreat", "planned")).resolves.toBeUndefined();
          else await finish("retreat", back);
          return;
        }
        if (/^(retreat|sync):/.test(left.moving ?? "")) {
          const forth = positions[positions.indexOf(now) + 1] ?? "dropped";
          await expect(finish("advance", forth)).rejects.toMatchObject({ code: "CUTOVER_RETREATING" });
        } else if (left.moving === null && now !== "5") {
          const forth = positions[positions.indexOf(now) + 1]!;
          await openGate(site, cutover, Number(forth), writer);
          return await finish("advance", forth);
        }
        await finish("retreat", to);
      }

      /** Those that had not seen the flag yet when phase 4 was taken back. */
      async function lateWriters(): Promise<void> {
        const { phase, state } = await storedCutover(engine, engine.dialect, cutover);
        if (phase === 3 && state === "entered") {
          (await writer.paused())();
          await finish("retreat", "3");
        }
      }
    },
  );
});

/** The column goes with its codes: it is refused where one of them is nowhere else, and no snapshot is young enough. */
async function beforeRetreat(
  { engine, later }: FaultSite,
  from: string,
  writer: { paused(): Promise<() => void> },
): Promise<void> {
  if (from !== "0") return;
  later(30);
  const goOn = await writer.paused();
  await engine.query("UPDATE event_attendance SET status_v2 = NULL");
  goOn();
}

/** Each advance is on record with the snapshot that its gate asked for, and the trail is whole. */
async function expectRecord({ engine, context }: FaultSite, cutover: ColumnCutover): Promise<void> {
  const all = await newestEvidence(engine, engine.dialect, { cutover: cutover.name, limit: 10_000 });
  const moved = all.filter(({ kind }) => kind === "advance" || kind === "retreat").reverse();
  let at = "planned";
  for (const { kind, data, phase } of moved) {
    const { from, to, conditions } = data as {
      from: string;
      to: string;
      conditions?: { id: string; measured: string }[];
    };
    expect(from).toBe(at);
    at = to;
    const snapshot = conditions?.find(({ id }) => id === "snapshot");
    if (kind === "advance" && ["0", "2", "4", "5"].includes(to)) {
      expect(snapshot?.measured).toMatch(/^snap-/);
      expect(await context.vault.head(`snapshots/${snapshot!.measured}/manifest.json`), `phase ${phase}`).toBeDefined();
    }
  }
  expect(at).toBe("planned");
  const audit = await engine.transaction((tx) => engine.audit.verify(tx, auditTable, 10), { isolation: "snapshot" });
  expect(audit.problems).toEqual([]);
  const entries = await engine.query<{ n: string }>(
    `SELECT ${engine.dialect.cast("count(*)", "text")} AS n FROM ${engine.dialect.table(auditTable)} WHERE action IN ('migration:cutover:advanced', 'migration:cutover:retreated')`,
  );
  expect(Number(entries.rows[0]!.n)).toBe(moved.length);
}
