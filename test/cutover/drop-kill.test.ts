import { findTable } from "@runback/core";
import { advanceCutover, approve, cutoverGate, retreatCutover } from "@runback/operations";
import { describe, expect, test } from "vitest";
import { positionName } from "../../packages/operations/src/cutover/positions.ts";
import { storedCutover } from "../../packages/operations/src/cutover/stored-cutover.ts";
import { blowsOn, faultFamilies, faultSite } from "../faults/fault-site.ts";
import { deep, seed, seededRandom } from "../faults/seeded-random.ts";
import { inTurn } from "../support/rotated-engines.ts";
import { killedCutover } from "./killed-cutover.ts";
import { openGate } from "./open-gate.ts";
import { randomWriter } from "./random-writer.ts";

const auditTable = { schema: "runback", name: "audit" };
const about = { operator: "faults", auditTable };
const trials = deep ? 6 : 1;
const blowsAtMost = deep ? 4 : 1;

describe.each(inTurn(faultFamilies))(
  `a drop of the legacy column that is cut short on %s (RUNBACK_SEED=${seed})`,
  (name) => {
    test.each(Array.from({ length: trials }, (_, trial) => trial))(
      "is made once, or taken back while there is something to take back: %i",
      { timeout: 600_000 },
      async (trial) => {
        const random = seededRandom(seed + trial);
        await using site = await faultSite(name);
        const { engine, context } = site;
        const cutover = killedCutover();
        await engine.query(
          "CREATE TABLE event_attendance (id integer NOT NULL PRIMARY KEY, status varchar(100) NOT NULL)",
        );
        for (let id = 1; id <= 25; id++)
          await engine.query("INSERT INTO event_attendance (id, status) VALUES ($1, 'present')", [id]);
        const rows = new Map(Array.from({ length: 25 }, (_, at) => [at + 1, "checkedin"]));
        await using writer = randomWriter(engine, cutover, random, rows);
        const where = async () => positionName(await storedCutover(engine, engine.dialect, cutover));
        const hasLegacy = async () => {
          const { columns } = findTable(await engine.catalog(), "event_attendance")!;
          return columns.some((column) => column.name === "status_legacy");
        };
        const told = { blows: 0, back: 0 };

        const dropping = (async () => {
          for (let phase = 0; phase <= 5; phase++) {
            await openGate(site, cutover, phase, writer);
            await advanceCutover(context, cutover, { ...about, to: String(phase) });
          }
          for (let attempt = 0; (await where()) !== "dropped"; attempt++) {
            site.later(2);
            await openGate(site, cutover, 6, writer);
            const gate = await cutoverGate(context, cutover, { operator: "faults" });
            expect(gate.conditions.filter(({ holds }) => !holds)).toEqual([]);
            const signed = {
              digest: gate.approvalDigest!,
              action: "cutover:drop",
              requestedBy: "faults",
              approvedBy: "bo",
            };
            const { id: approval } = await approve(context, signed, auditTable);
            const blow = blowsOn(name)[Math.floor(random() * blowsOn(name).length)]!;
            const holdAt = attempt < blowsAtMost ? 1 + Math.floor(random() * 60) : 10_000;
            const end = await site.disturbed({ action: "advance", to: "dropped", approval }, holdAt, blow);
            const what = `${blow} at ${end.held} ${JSON.stringify(end.error ?? null)}`;
            expect(end.stderr, what).toBe("");
            if (end.held !== undefined) told.blows++;
            const there = await hasLegacy();
            // Gone before it is on record: only where a statement commits by itself.
            if ((await where()) === "dropped") expect(there, what).toBe(false);
            else if (engine.capabilities.transactionalDdl) expect(there, what).toBe(true);
            if (random() < 0.4) {
              told.back++;
              const cutShort = (await storedCutover(engine, engine.dialect, cutover)).moving !== null;
              const back = retreatCutover(context, cutover, about);
              if (!there) await expect(back, what).rejects.toMatchObject({ code: "CUTOVER_DROPPED" });
              else if (cutShort) expect(await back, what).toMatchObject({ to: { phase: 5 } });
              else {
                expect(await back, what).toMatchObject({ to: { phase: 4 } });
                await openGate(site, cutover, 5, writer);
                await advanceCutover(context, cutover, { ...about, to: "5" });
              }
            }
          }
        })();
        await Promise.race([dropping, writer.failed]);
        await writer.paused();
        expect(await hasLegacy()).toBe(false);
        const { rows: kept } = await engine.query<{ id: number; status_v2: string }>(
          "SELECT * FROM event_attendance ORDER BY id",
        );
        expect(kept.map(({ id, status_v2 }) => [Number(id), status_v2])).toEqual(
          [...writer.truth].sort(([a], [b]) => a - b),
        );
        await expect(retreatCutover(context, cutover, about)).rejects.toMatchObject({
          code: "CUTOVER_DROPPED",
          details: { snapshotId: expect.stringMatching(/^snap-/) },
        });
        const audit = await engine.transaction((tx) => engine.audit.verify(tx, auditTable, 10), {
          isolation: "snapshot",
        });
        expect(audit.problems).toEqual([]);
        if (deep) console.log(`${name}: ${told.blows} blows, ${told.back} taken back or refused`);
      },
    );
  },
);
