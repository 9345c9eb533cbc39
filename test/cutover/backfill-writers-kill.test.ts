import { findTable, mapLegacy, phaseDdl, type Run } from "@runback/core";
import { runRollback } from "@runback/operations";
import { describe, expect, test } from "vitest";
import { saveCutover, storedCutover } from "../../packages/operations/src/cutover/stored-cutover.ts";
import { blowsOn, type FaultSite, faultFamilies, faultSite } from "../faults/fault-site.ts";
import { type Job, runJob } from "../faults/job.ts";
import { deep, seed, seededRandom } from "../faults/seeded-random.ts";
import { bytesOf } from "../support/journaled.ts";
import { inTurn } from "../support/rotated-engines.ts";
import { killedCutover } from "./killed-cutover.ts";
import { type RandomWriter, randomWriter } from "./random-writer.ts";

const auditTable = { schema: "runback", name: "audit" };
const cutover = killedCutover();
const trials = deep ? 8 : 1;
const blowsAtMost = deep ? 5 : 2;
const rowsBefore = 300;
const unlisted = 8;
const everyLeaf = Array.from({ length: 256 }, (_, leaf) => leaf);

describe.each(inTurn(faultFamilies))(`a backfill that dies among writers on %s (RUNBACK_SEED=${seed})`, (name) => {
  test.each(Array.from({ length: trials }, (_, trial) => trial))(
    "fills every row, and is taken back to the byte: %i",
    { timeout: 600_000 },
    async (trial) => {
      const random = seededRandom(seed + trial);
      await using site = await faultSite(name);
      const { engine, context } = site;
      const before = await rowsWithoutCode(site);
      const runId = `run-killed-${trial}`;
      const runOf = async () => await engine.store.run(engine, runId);
      let blows = 0;
      let result: { filled: number; quarantinedRows: number; remaining: number } | undefined;
      {
        await using writer = randomWriter(engine, cutover, random, before);
        const goOn = async (): Promise<Pick<Job, "action">> => ({
          action: (await runOf()) === undefined ? "backfill" : "resume-backfill",
        });
        const filling = (async () => {
          for (let attempt = 0; attempt < blowsAtMost && (await runOf())?.state !== "completed"; attempt++) {
            const holdAt = 1 + Math.floor(random() * 120);
            const blow = blowsOn(name)[Math.floor(random() * blowsOn(name).length)]!;
            const end = await site.disturbed({ ...(await goOn()), runId, stepRows: 30 }, holdAt, blow);
            const what = `${blow} at ${end.held} ${JSON.stringify(end.error ?? null)}`;
            expect(end.stderr, what).toBe("");
            if (end.held !== undefined) blows++;
            await expectOneStory(site, writer, await runOf(), what);
          }
          if ((await runOf())?.state !== "completed")
            await runJob({ ...site.job, ...(await goOn()), runId, stepRows: 30, now: site.now.toISOString() });
        })();
        await Promise.race([filling, writer.failed]);
        await expectOneStory(site, writer, await runOf(), "at the end");
        result = (await runOf())!.result as typeof result;
        expect(result).toMatchObject({ remaining: 0, quarantinedRows: unlisted });
        // v2 = map(legacy), for every row.
        for (const row of await rowsNow(site))
          expect([row.id, row.status_v2]).toEqual([row.id, mapLegacy(cutover, row.status)]);
        await writer.paused();
        // Whoever wrote since keeps what they wrote; every other row is as it was.
        const undone = await runRollback(context, { runId, operator: "next", onConflict: "skip", auditTable });
        const { reverted, already, edited, missing } = undone.classes;
        expect(reverted + already + edited + missing).toBe(result!.filled);
        for (const row of await rowsNow(site)) {
          const code = writer.truth.get(row.id);
          if (writer.touched.has(row.id)) expect([row.id, mapLegacy(cutover, row.status)]).toEqual([row.id, code]);
        }
        for (const [table, from] of [
          ["kept_before", "before_run"],
          ["kept_after", "event_attendance"],
        ])
          await engine.script(
            `CREATE TABLE ${table} AS SELECT * FROM ${from} WHERE id NOT IN (${[0, ...writer.touched].join(", ")})`,
          );
        expect(await bytesOf(engine, "kept_after")).toEqual(await bytesOf(engine, "kept_before"));
      }
      if (deep) console.log(`${name}: ${blows} blows, ${result!.filled} filled`);
    },
  );
});

/** Phase 2 with rows of before: what each means, by key. */
async function rowsWithoutCode(site: FaultSite): Promise<Map<number, string>> {
  const { engine } = site;
  await engine.script("CREATE TABLE event_attendance (id integer PRIMARY KEY, status varchar(100))");
  for (const step of phaseDdl(cutover, 0, engine.dialect).up) if (step.kind === "sql") await engine.script(step.sql);
  const meant = new Map<number, string>();
  const values: string[] = [];
  for (let id = 1; id <= rowsBefore; id++) {
    const { code, spellings } = cutover.codes[id % cutover.codes.length]!;
    values.push(`(${id}, '${spellings[id % spellings.length]!}')`);
    meant.set(id, code);
  }
  for (let id = 1; id <= unlisted; id++) values.push(`(${-id}, 'cancelled')`);
  await engine.script(`INSERT INTO event_attendance (id, status) VALUES ${values.join(", ")}`);
  const at = site.now.toISOString();
  const stored = await storedCutover(engine, engine.dialect, cutover);
  await engine.transaction((tx) =>
    saveCutover(tx, engine.dialect, { ...stored, phase: 2, state: "entered", since: at }, { operator: "ana", at }),
  );
  await engine.script("CREATE TABLE before_run AS SELECT * FROM event_attendance");
  return meant;
}

async function rowsNow({ engine }: FaultSite) {
  const { rows } = await engine.query<{ id: number; status: string | null; status_v2: string | null }>(
    "SELECT id, status, status_v2 FROM event_attendance ORDER BY id",
  );
  return rows.map((row) => ({ ...row, id: Number(row.id) }));
}

/** Rows, the run's own numbers and the journal tell one story, dead or alive; and no write of others is lost. */
async function expectOneStory(site: FaultSite, writer: RandomWriter, run: Run | undefined, what: string) {
  const { engine } = site;
  const goOn = await writer.paused();
  const rows = await rowsNow(site);
  for (const row of rows)
    if (row.status_v2 !== null) expect([row.id, row.status_v2], what).toEqual([row.id, mapLegacy(cutover, row.status)]);
  const known = rows.filter(({ id }) => id > 0).map(({ id, status }) => [id, mapLegacy(cutover, status)]);
  expect(known, what).toEqual([...writer.truth].sort(([a], [b]) => a - b));
  if (run !== undefined) {
    const steps = await engine.store.steps(engine, run.runId);
    const filled = (run.checkpoint as { filled: number }).filled;
    expect([run.rows, steps.reduce((sum, step) => sum + step.rows, 0)], what).toEqual([filled, filled]);
    expect(await engine.journal.rows(engine, run.runId), what).toBe(filled);
    // A row that no run touched, or that somebody wrote since, differs from the journal; the others are in it as they are.
    const table = findTable(await engine.catalog(), "event_attendance")!;
    const gaps = await engine.transaction((tx) => engine.journal.differing(tx, table, everyLeaf, 5_000));
    const untouched = rows.filter(({ id, status_v2 }) => status_v2 !== null && !writer.touched.has(id)).length;
    expect(gaps.length, what).toBeLessThanOrEqual(rows.length - untouched + writer.touched.size);
  }
  const audit = await engine.transaction((tx) => engine.audit.verify(tx, auditTable, 10), { isolation: "snapshot" });
  expect(audit.problems, what).toEqual([]);
  goOn();
}
