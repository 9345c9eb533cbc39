import { ticketState } from "@runback/attendance";
import { defineCutover } from "@runback/core";
import {
  type CutoverMetrics,
  compareColumns,
  cutoverGate,
  type GateCondition,
  type ReportedCounts,
  readMetrics,
  recordMetrics,
  retentionSweep,
  showCutover,
  storedStates,
} from "@runback/operations";
import { expect, test } from "vitest";
import { saveCutover, storedCutover } from "../../packages/operations/src/cutover/stored-cutover.ts";
import { auditTable, testContext } from "../operations/support.ts";
import { families } from "./support.ts";

const hour = 60 * 60 * 1000;
const day = 24 * hour;
const cutover = defineCutover({ ...ticketState, gates: { comparisons: { atLeast: 10, from: ["app", "kiosk"] } } });
const none = { calls: 0, failed: 0, timeouts: 0, equal: 0, different: 0, unknown: 0, dropped: 0, totalMs: 0, maxMs: 0 };

test.each(families)(
  "%s adds up what applications report, once, and a gate reads it",
  { timeout: 120_000 },
  async (name) => {
    await using made = await testContext(name);
    const { context, clock } = made;
    const { engine } = context;
    const phase = async (now: 1 | 2 | 3) =>
      await engine.transaction(async (tx) => {
        const stored = await storedCutover(tx, engine.dialect, cutover);
        const at = clock.now().toISOString();
        await saveCutover(
          tx,
          engine.dialect,
          { ...stored, phase: now, state: "entered", since: at },
          { operator: "ana", at },
        );
      });
    /** As a flag client is told. */
    const since = async () => (await storedStates(engine, [cutover]).states())[0]!.since!;
    const report = (counts: Partial<ReportedCounts>, reporter = "app", id: string | null = null) =>
      recordMetrics(context, cutover, {
        ...{ reporter, id },
        counts: [{ ...none, stage: "shadow", operation: "read", since: null, ...counts }],
      });
    const condition = async (): Promise<GateCondition | undefined> =>
      (await cutoverGate(context, cutover, { operator: "ana" })).conditions.find(({ id }) => id === "comparisons");
    const total = async () => (await readMetrics(context, cutover)).total;

    await phase(1);
    expect((await showCutover(context, cutover)).metrics).toBeNull();
    expect(await readMetrics(context, cutover)).toMatchObject({ stages: [], total: { compared: 0, meanMs: null } });
    // Only the gate to phase 3 asks.
    expect(await condition()).toBeUndefined();
    clock.advance(1_000);
    await phase(2);
    let began = await since();
    expect(began).toBe((await storedCutover(engine, engine.dialect, cutover)).since);
    expect(await condition()).toMatchObject({ holds: false, measured: 0, why: `nothing was reported since ${began}` });

    // Sent twice under one id, also by two processes at once, it counts once.
    const first = { since: began, calls: 8, equal: 8, timeouts: 1, totalMs: 16, maxMs: 9.5 };
    expect(await report(first, "app", "one")).toEqual({ cutover: "ticket-state", counted: true });
    expect(await report(first, "app", "one")).toEqual({ cutover: "ticket-state", counted: false });
    expect(await condition()).toMatchObject({ holds: false, measured: 8, why: `only 8 since ${began}` });
    // Nobody whom the gate does not name, and nothing of an earlier phase, or of none that is known, opens it.
    await report({ since: began, equal: 100 }, "somebody");
    await report({ since: "2020-01-01T00:00:00.000Z", equal: 100, different: 3 });
    await report({ equal: 100 });
    expect(await condition()).toMatchObject({ holds: false, measured: 8 });
    // Reports from everywhere at once: no count is lost.
    await Promise.all(
      Array.from({ length: 12 }, () => report({ since: began, calls: 1, equal: 1, totalMs: 2, maxMs: 2 }, "kiosk")),
    );
    expect(await condition()).toMatchObject({ holds: true, measured: 20, why: null });
    await report({ since: began, operation: "write", stage: "shadow", calls: 3, failed: 1, totalMs: 3, maxMs: 1 });
    const metrics = await readMetrics(context, cutover);
    expect(metrics.stages.map(({ stage, operation, reporter, equal }) => [stage, operation, reporter, equal])).toEqual([
      ["shadow", "read", "app", 208],
      ["shadow", "read", "kiosk", 12],
      ["shadow", "read", "somebody", 100],
      ["shadow", "write", "app", 0],
    ]);
    expect(metrics.total).toMatchObject({ calls: 23, failed: 1, timeouts: 1, compared: 323, different: 3, dropped: 0 });
    expect(metrics.stages[0]).toMatchObject({ calls: 8, meanMs: 2, maxMs: 9.5 });
    expect(metrics.phase).toMatchObject({ since: began, equal: 120, different: 0 });
    expect((await showCutover(context, cutover)).metrics!.stages).toEqual(metrics.stages);

    // One that is different, failed, unknown or lost closes it until a new count begins, on record.
    const wrong: [Partial<ReportedCounts>, string][] = [
      [{ since: began, different: 1 }, "1 of 21 were different"],
      // Who knows no phase may have seen this one.
      [{ different: 2 }, "3 of 23 were different"],
      [{ since: began, unknown: 1 }, "1 could not be compared"],
      [{ since: began, calls: 2, failed: 2 }, "2 reads of the new column failed"],
      [{ since: began, dropped: 4 }, "4 were lost before they were reported"],
    ];
    for (const [counts, why] of wrong) {
      await report(counts);
      expect(await condition()).toMatchObject({ holds: false, measured: 20, why: expect.stringContaining(why) });
    }
    clock.advance(1_000);
    await compareColumns(context, cutover, { operator: "ana", auditTable, comparing: false });
    expect((await condition())!.why).toContain("both columns are not compared");
    clock.advance(1_000);
    await compareColumns(context, cutover, { operator: "ana", auditTable, comparing: true });
    expect((await since()) > began).toBe(true);
    // A report of before that comes late is not in the new count.
    await report({ since: began, different: 5, equal: 50 });
    began = await since();
    expect(await condition()).toMatchObject({ holds: false, why: `nothing was reported since ${began}` });
    await report({ since: began, calls: 11, equal: 11 });
    expect(await condition()).toMatchObject({ holds: true, measured: 11 });

    // What contradicts itself is refused whole.
    const rubbish: Partial<ReportedCounts>[] = [
      { calls: 1, failed: 1, timeouts: 1 },
      { totalMs: 1, maxMs: 2 },
      { operation: "write", equal: 1 },
      { stage: "dualwrite", different: 1 },
    ];
    const before = await total();
    for (const counts of rubbish)
      await expect(report(counts, "app", "rubbish")).rejects.toMatchObject({ code: "METRICS_INVALID", status: 422 });
    const twice = { ...none, stage: "live", operation: "read", since: null } as const;
    await expect(
      recordMetrics(context, cutover, { reporter: "app", id: null, counts: [twice, twice] }),
    ).rejects.toMatchObject({ code: "METRICS_INVALID" });
    expect(await total()).toEqual(before);

    // The window moves by hours; the phase counts all of its own, however long it lasts, and sweeping leaves it that.
    clock.advance(25 * hour);
    const later: CutoverMetrics = await readMetrics(context, cutover);
    expect(later).toMatchObject({ stages: [], phase: { equal: 11 } });
    clock.advance(100 * day);
    expect(await retentionSweep(context, { dryRun: true })).toMatchObject({ cutoverMetrics: 1 });
    // The id of the one report that had one.
    expect(await retentionSweep(context, { dryRun: false })).toMatchObject({ cutoverMetrics: 1, errors: [] });
    expect(await condition()).toMatchObject({ holds: true, measured: 11 });
    await phase(3);
    const swept = await retentionSweep(context, { dryRun: false });
    expect(swept.cutoverMetrics).toBeGreaterThan(5);
    expect(await retentionSweep(context, { dryRun: false })).toMatchObject({ cutoverMetrics: 0 });
  },
);
