import { randomUUID } from "node:crypto";
import { attendeeStatus, ticketState } from "@runback/attendance";
import {
  bridgeTriggers,
  type ColumnCutover,
  type Engine,
  mapByRunbook,
  mapLegacy,
  monitorQuery,
  type Phase,
  phaseDdl,
} from "@runback/core";
import {
  type Context,
  planBackfill,
  resumeBackfill,
  runBackfill,
  runRollback,
  startBackfill,
} from "@runback/operations";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { saveCutover, storedCutover } from "../../packages/operations/src/cutover/stored-cutover.ts";
import { deep, seed, seededRandom } from "../faults/seeded-random.ts";
import { auditTable, testContext } from "../operations/support.ts";
import { half, rotatedEngines } from "../support/rotated-engines.ts";

const spellings = ["present", " Reg ", "no show", "WALK-IN", "cancelled", null, ""];

describe.each(half(rotatedEngines))(`backfill on %s (RUNBACK_SEED=${seed})`, (name) => {
  let at: Awaited<ReturnType<typeof testContext>>;
  let context: Context;
  let engine: Engine;

  beforeAll(async () => {
    at = await testContext(name);
    engine = at.target.engine;
    context = { ...at.context, stepRows: 37 };
    await engine.script(
      "CREATE TABLE event_attendance (id integer PRIMARY KEY, member_id integer, status varchar(100), note varchar(40))",
    );
    await prepare(attendeeStatus);
  });
  beforeEach(async () => {
    await engine.query("DELETE FROM event_attendance");
  });
  afterAll(async () => {
    await at?.[Symbol.asyncDispose]();
  });

  const options = {
    cutover: attendeeStatus,
    operator: "tests",
    auditTable,
    runbookCompat: false,
  };
  const prepare = async (cutover: ColumnCutover) => {
    for (const step of phaseDdl(cutover, 0, engine.dialect).up) if (step.kind === "sql") await engine.script(step.sql);
  };
  const literal = (value: string | null) => (value === null ? "NULL" : `'${value}'`);
  /** Ids with holes between them, from below zero. */
  const fill = async (count: number) => {
    const rows = Array.from({ length: count }, (_, at) => `(${at * 7 - 50}, 1, ${literal(spellings[at % 7]!)}, 'n')`);
    await engine.script(`INSERT INTO event_attendance (id, member_id, status, note) VALUES ${rows.join(", ")}`);
  };
  interface Row {
    readonly id: number;
    readonly status: string | null;
    readonly status_v2: string | null;
    readonly note: string;
  }
  const rows = async () =>
    (await engine.query<Row>("SELECT id, status, status_v2, note FROM event_attendance ORDER BY id")).rows;
  const expectMapped = async () => {
    for (const row of await rows()) expect(row.status_v2, `row ${row.id}`).toBe(mapLegacy(attendeeStatus, row.status));
  };
  const runOf = async (runId: string) => (await engine.store.run(engine, runId))!;
  const back = (runId: string, onConflict: "abort" | "skip") =>
    runRollback(context, { runId, operator: "tests", onConflict, auditTable });
  /** An engine that does something else after each transaction that commits. */
  const between = (work: (transactions: number) => Promise<void>): Engine => {
    let count = 0;
    return {
      ...engine,
      transaction: async (inside, modes) => {
        const value = await engine.transaction(inside, modes);
        await work(++count);
        return value;
      },
    };
  };

  test("fills every listed value in steps, quarantines the others, and is taken back by its id", async () => {
    await fill(300);
    const plan = await planBackfill(context, options);
    expect(plan).toMatchObject({ rows: 300, toFill: 172, quarantinedRows: 128, dualWrite: false });
    expect(plan).toMatchObject({
      estimatedSteps: null,
      estimatedMs: null,
      estimatedFrom: expect.stringMatching(/^not known/),
    });
    expect(plan.codes).toEqual({ checkedin: 43, dna: 43, preregistered: 43, walkin: 43 });
    const result = await runBackfill(context, options);
    expect(result).toMatchObject({
      remaining: 0,
      quarantinedRows: 128,
      passes: 1,
      lockTimeouts: 0,
      filled: 172,
      steps: 9,
    });
    expect(new Map(result.quarantined.map(({ value, rows: of }) => [value, of]))).toEqual(
      new Map([
        ["cancelled", 43],
        [null, 43],
        ["", 42],
      ]),
    );
    await expectMapped();
    expect(await runOf(result.runId)).toMatchObject({ kind: "backfill", state: "completed", rows: 172, steps: 9 });
    expect(await engine.journal.rows(engine, result.runId)).toBe(172);
    const again = await runBackfill(context, options);
    expect(again).toMatchObject({ filled: 0, remaining: 0, quarantinedRows: 128 });
    const undone = await back(result.runId, "abort");
    expect(undone.classes).toMatchObject({ reverted: 172, edited: 0 });
    expect(undone.verified).toBe(true);
    expect((await rows()).filter((row) => row.status_v2 !== null)).toEqual([]);
    // Taken back, it can be done again, and so can the taking back.
    await runRollback(context, { runId: undone.rollbackRunId!, operator: "tests", onConflict: "abort", auditTable });
    await expectMapped();
  });

  test("says where writers are not told to set both columns yet, and is refused where they are not any more", async () => {
    const { dialect } = engine;
    const stand = async (phase: Phase, state: "entered" | "dropped" = "entered") => {
      const stored = await storedCutover(engine, dialect, attendeeStatus);
      const by = { operator: "tests", at: "2026-01-10T10:00:00.000Z" };
      await engine.transaction((tx) => saveCutover(tx, dialect, { ...stored, phase, state }, by));
    };
    await fill(70);
    expect(await planBackfill(context, options)).toMatchObject({ dualWrite: false });
    const refused = async () =>
      await Promise.all(
        [planBackfill(context, options), runBackfill(context, options)].map((asked) =>
          asked.then(
            () => null,
            (error: { code: string; message: string }) => `${error.code}: ${error.message.split(": ")[0]}`,
          ),
        ),
      );
    await stand(4);
    const inPhase4 = "DUAL_WRITE_OFF: The cutover attendee-status is in phase 4 stop-legacy-writes";
    expect(await refused()).toEqual([inPhase4, inPhase4]);
    await stand(5, "dropped");
    const dropped = "DUAL_WRITE_OFF: The cutover attendee-status is dropped";
    expect(await refused()).toEqual([dropped, dropped]);
    await stand(2);
    expect(await planBackfill(context, options)).toMatchObject({ dualWrite: true });
    const { runId } = await startBackfill(context, options);
    await stand(4);
    await expect(resumeBackfill(context, attendeeStatus, runId)).rejects.toMatchObject({ code: "DUAL_WRITE_OFF" });
    expect((await rows()).filter((row) => row.status_v2 !== null)).toEqual([]);
    await stand(0);
    expect(await resumeBackfill(context, attendeeStatus, runId)).toMatchObject({ filled: 40 });
    await engine.query(`DELETE FROM ${dialect.table({ schema: "runback", name: "cutovers" })}`);
  });

  test("a dry run estimates from what an earlier run of the cutover took, scaled to the time a step may take", async () => {
    await fill(1_800);
    const { runId } = await runBackfill({ ...context, stepRows: 100 }, options);
    const { steps, rows: written } = await runOf(runId);
    await engine.query("UPDATE event_attendance SET status_v2 = NULL WHERE id % 2 = 0");
    const plan = await planBackfill(context, options);
    expect(plan.estimatedFrom).toMatch(new RegExp(`^run ${runId}: ${written} rows in ${steps} steps, \\d+ ms$`));
    expect(plan.estimatedSteps).toBe(Math.ceil((plan.toFill * steps) / written));
    const took = (await engine.store.steps(engine, runId)).reduce((sum, step) => sum + step.durationMs, 0);
    expect(plan.estimatedMs).toBe(Math.ceil((plan.toFill * took) / written));
    const half = await planBackfill(context, { ...options, stepMs: 125 });
    expect(half.estimatedSteps).toBe(Math.ceil((plan.toFill * steps * 2) / written));
    await engine.query("DELETE FROM event_attendance");
    expect(await planBackfill(context, options)).toMatchObject({ estimatedSteps: 0, estimatedMs: 0 });
  });

  test("rows that the application edited afterwards are conflicts of a rollback, and left alone", async () => {
    await fill(70);
    const { runId } = await runBackfill(context, options);
    await engine.query("UPDATE event_attendance SET status = 'absent', status_v2 = 'dna' WHERE id = -50");
    await engine.query("UPDATE event_attendance SET note = 'moved' WHERE id = -43");
    expect(await back(runId, "abort")).toMatchObject({ rollbackRunId: null, classes: { edited: 2, reverted: 38 } });
    expect(await back(runId, "skip")).toMatchObject({ classes: { edited: 2, reverted: 38 }, verified: true });
    const kept = (await rows()).filter((row) => row.status_v2 !== null);
    expect(kept).toEqual([
      { id: -50, status: "absent", status_v2: "dna", note: "n" },
      { id: -43, status: " Reg ", status_v2: "preregistered", note: "moved" },
    ]);
  });

  test("the runbook's mapping, to the letter, leaves nothing out", async () => {
    await fill(40);
    const result = await runBackfill(context, { ...options, runbookCompat: true });
    expect(result).toMatchObject({ filled: 40, quarantinedRows: 0, runbookCompat: true });
    for (const row of await rows()) expect(row.status_v2).toBe(mapByRunbook(attendeeStatus, row.status));
  });

  test("never writes over what the application writes between its steps", async () => {
    const random = seededRandom(seed);
    const count = deep ? 2_000 : 300;
    await fill(count);
    const own = new Map<number, { status: string | null; code: string | null }>();
    const pick = <T>(values: readonly T[]) => values[Math.floor(random() * values.length)]!;
    const codes = attendeeStatus.codes.map(({ code }) => code);
    let inserted = 100_000;
    const writers = between(async () => {
      for (let write = 0; write < 4; write++) {
        const fresh = random() < 0.3;
        const id = fresh ? pick([inserted++, -inserted++]) : Math.floor(random() * count) * 7 - 50;
        const status = pick(spellings);
        // Some know the new column, and set it as they please; the others know the old one alone.
        const code = random() < 0.7 ? pick(codes) : null;
        if (fresh)
          await engine.query(
            `INSERT INTO event_attendance (id, status, note, status_v2) VALUES (${id}, ${literal(status)}, 'a', ${literal(code)})`,
          );
        else
          await engine.query(
            `UPDATE event_attendance SET status = ${literal(status)}, note = 'a', status_v2 = ${literal(code)} WHERE id = ${id}`,
          );
        own.set(id, { status, code });
      }
    });
    const stop = new AbortController();
    const writing = { ...context, stepRows: 20, engine: writers, signal: stop.signal };
    // The writers who know the old column alone would go on for ever: at some point they end.
    let steps = 0;
    await runBackfill({ ...writing, onProgress: () => void (++steps === 25 && stop.abort()) }, options).catch((error) =>
      expect(error).toMatchObject({ code: "STOPPED" }),
    );
    const [run] = (await engine.store.runs(engine, { limit: 1 })).runs;
    if (run!.state !== "completed") await resumeBackfill({ ...context, stepRows: 90 }, attendeeStatus, run!.runId);
    for (const row of await rows()) {
      const written = own.get(row.id);
      if (written?.code != null)
        expect(row, `row ${row.id}`).toMatchObject({ status: written.status, status_v2: written.code });
      else expect(row.status_v2, `row ${row.id}`).toBe(mapLegacy(attendeeStatus, row.status));
    }
  });

  test("a writer who sets only the old column outruns it, and that is said", async () => {
    await fill(50);
    let id = -1_000;
    const writers = between(() =>
      engine.query(`INSERT INTO event_attendance (id, status) VALUES (${id--}, 'reg')`).then(() => {}),
    );
    await expect(runBackfill({ ...context, stepRows: 500, engine: writers }, options)).rejects.toMatchObject({
      code: "BACKFILL_OUTRUN",
    });
    const [run] = (await engine.store.runs(engine, { limit: 1 })).runs;
    expect(run).toMatchObject({ state: "failed", error: { code: "BACKFILL_OUTRUN" } });
    // Once they are quiet it goes on to its end.
    expect(await resumeBackfill(context, attendeeStatus, run!.runId)).toMatchObject({ remaining: 0 });
    await expectMapped();
  });

  test("stops at a step boundary when asked, and goes on from there", async () => {
    await fill(200);
    const stop = new AbortController();
    let steps = 0;
    const stopping = { ...context, signal: stop.signal, onProgress: () => void (++steps === 2 && stop.abort()) };
    const error = await runBackfill(stopping, options).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: "STOPPED" });
    const [run] = (await engine.store.runs(engine, { limit: 1 })).runs;
    expect(run).toMatchObject({ state: "paused", steps: 2 });
    expect((await rows()).filter((row) => row.status_v2 !== null)).toHaveLength(run!.rows);
    expect(await resumeBackfill(context, attendeeStatus, run!.runId)).toMatchObject({ filled: 116, steps: 6 });
    await expectMapped();
    await expect(resumeBackfill(context, attendeeStatus, run!.runId)).rejects.toMatchObject({
      code: "RUN_NOT_RESUMABLE",
    });
  });

  test("a process whose lease was taken over writes nothing more", async () => {
    await fill(200);
    const [run] = (await engine.store.runs(engine, { limit: 1 })).runs;
    let stolen = "";
    const robbed: Engine = {
      ...engine,
      transaction: async (work, modes) => {
        const [now] = (await engine.store.runs(engine, { limit: 1 })).runs;
        if (stolen === "" && now !== undefined && now.runId !== run?.runId && now.steps === 3) {
          stolen = now.runId;
          const request = { name: "migration:attendee-status", runId: stolen, holder: "other:1", ttlMs: 60_000 };
          await engine.transaction((tx) => engine.store.acquireLease(tx, { ...request, takeover: true }));
        }
        return await engine.transaction(work, modes);
      },
    };
    await expect(runBackfill({ ...context, engine: robbed }, options)).rejects.toMatchObject({ code: "LEASE_LOST" });
    expect((await runOf(stolen)).steps).toBe(3);
    const heir = { ...context, holder: "other:1" };
    expect(await resumeBackfill(heir, attendeeStatus, stolen)).toMatchObject({ filled: 116, steps: 6 });
    await expectMapped();
  });

  test("goes over composite keys and keys of text, also through triggers of others", async () => {
    await engine.script(
      "CREATE TABLE event_tickets (event_id varchar(40) NOT NULL, ticket_no integer NOT NULL, state varchar(100), PRIMARY KEY (event_id, ticket_no))",
    );
    await prepare(ticketState);
    const events = Array.from({ length: 6 }, (_, index) => (index === 0 ? "É'x\\y" : randomUUID()));
    const { param } = engine.dialect;
    for (const [index, event] of events.entries())
      for (let ticket = 1; ticket <= 15; ticket++)
        await engine.query(
          `INSERT INTO event_tickets (event_id, ticket_no, state) VALUES (${param(1)}, ${ticket}, ${param(2)})`,
          [event, ["paid", "Held", "refunded", "lost"][(index + ticket) % 4]!],
        );
    const tickets = { ...options, cutover: ticketState };
    const first = await runBackfill({ ...context, stepRows: 7 }, tickets);
    expect(first).toMatchObject({ filled: 67, quarantinedRows: 23, steps: 13 });
    await back(first.runId, "abort");
    for (const sql of bridgeTriggers(ticketState, engine.dialect).create) await engine.script(sql);
    const second = await runBackfill({ ...context, stepRows: 7 }, tickets);
    expect(second).toMatchObject({ filled: 67, quarantinedRows: 23 });
    const { rows: seen } = await engine.query(monitorQuery(ticketState, engine.dialect));
    expect(Number(seen[0]!.mismatched) + Number(seen[0]!.unset)).toBe(0);
    expect(await engine.journal.rows(engine, second.runId)).toBe(67);
  });

  test("a table that is not as the definition says is refused, with nothing written", async () => {
    const before = (await engine.store.runs(engine, { limit: 100 })).runs.length;
    const wrong = { ...attendeeStatus, legacy: "state", key: ["member_id"] };
    await expect(runBackfill(context, { ...options, cutover: wrong })).rejects.toMatchObject({
      code: "CUTOVER_NOT_PREPARED",
    });
    const { runbook: _, ...without } = attendeeStatus;
    await expect(runBackfill(context, { ...options, cutover: without, runbookCompat: true })).rejects.toMatchObject({
      code: "CUTOVER_NO_RUNBOOK",
    });
    expect((await engine.store.runs(engine, { limit: 100 })).runs).toHaveLength(before);
  });
});
