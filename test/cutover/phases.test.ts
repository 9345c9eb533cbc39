import { advanceCutover, approve, cutoverGate, retreatCutover, showCutover, storedStates } from "@runback/operations";
import { describe, expect, test } from "vitest";
import { newestEvidence } from "../../packages/operations/src/cutover/evidence.ts";
import { auditTable } from "../operations/support.ts";
import { half, inTurn } from "../support/rotated-engines.ts";
import { type AttendanceTable, attendanceTable, commit } from "./attendance-table.ts";
import { families } from "./support.ts";

/** Hundreds of statements: over the Data API each is a request. */
const timeout = 300_000;

const gateOf = (table: AttendanceTable, more: object = {}) =>
  cutoverGate(table.context, table.cutover, { operator: "ana", ...more });
const closed = async (table: AttendanceTable, more: object = {}) => {
  const { open, conditions } = await gateOf(table, more);
  const failing = conditions.filter(({ holds }) => !holds);
  expect(open).toBe(failing.length === 0);
  return failing.map(({ id }) => id);
};
const advance = (table: AttendanceTable, more: object = {}) =>
  advanceCutover(table.context, table.cutover, { ...table.about, ...more });
const retreat = (table: AttendanceTable, more: object = {}) =>
  retreatCutover(table.context, table.cutover, { ...table.about, ...more });

describe.each(half(families, 1))("a cutover on %s", { timeout }, (name) => {
  test("goes from planned to dropped, and every gate is closed until what it asks for is there", async () => {
    await using table = await attendanceTable(name);
    const { engine } = table;
    await table.legacy({ 1: "present", 2: "Reg", 3: "no show" });

    // To 0: a snapshot, young and verified.
    expect(await closed(table)).toEqual(["snapshot"]);
    await expect(advance(table)).rejects.toMatchObject({ code: "GATE_CLOSED", exit: 1 });
    await table.snapshot(false);
    expect((await gateOf(table)).conditions.find(({ id }) => id === "snapshot")?.why).toContain("never verified");
    await table.snapshot();
    expect(await closed(table)).toEqual([]);
    table.later(25);
    expect((await gateOf(table)).conditions.find(({ id }) => id === "snapshot")?.why).toContain("25 hours old");
    await table.snapshot();
    expect(await advance(table)).toMatchObject({ moved: true, to: { phase: 0, state: "entered" } });
    expect(await advance(table, { to: "0" })).toMatchObject({ moved: false });
    await expect(advance(table, { to: "3" })).rejects.toMatchObject({ code: "CUTOVER_ELSEWHERE" });

    // To 1: the column is there and holds no rubbish.
    expect(await closed(table)).toEqual([]);
    await advance(table);
    expect(await storedStates(engine, [table.cutover]).states()).toMatchObject([{ phase: 1, comparing: true }]);

    // To 2: writers are seen to set both columns.
    expect(await closed(table)).toEqual(["dual-write", "monitor-runs"]);
    await table.both(4, "Walk-In", "walkin");
    await table.monitored();
    expect(await closed(table)).toEqual([]);
    await table.legacy({ 5: "absent" });
    const { conditions } = await gateOf(table);
    expect(conditions.find(({ id }) => id === "dual-write")).toMatchObject({ holds: false, measured: 1 });
    await expect(table.monitored(1)).rejects.toMatchObject({ code: "CUTOVER_MISMATCH", exit: 1 });
    expect(await closed(table)).toEqual(["monitor-runs"]);
    await table.write(4, { status: "absent" });
    expect(await closed(table)).toEqual(["mismatched", "monitor-runs"]);
    await table.both(4, "Walk-In", "walkin");
    await table.monitored();
    await advance(table);

    // To 3: every row has its code, and no value is unknown.
    await table.legacy({ 6: "cancelled" });
    expect(await closed(table)).toEqual(["null-rows", "quarantined", "monitor-runs"]);
    await table.backfill();
    expect(await closed(table)).toEqual(["null-rows", "quarantined", "monitor-runs"]);
    await expect(table.monitored(1)).rejects.toMatchObject({ details: { problems: { quarantined: 1 } } });
    await table.both(6, "dna", "dna");
    await table.monitored();
    expect(await closed(table)).toEqual([]);
    await advance(table);

    // To 4: watched for two hours, and the guard passed on the commit.
    await table.monitored();
    expect(await closed(table)).toEqual(["observation", "guard"]);
    table.later(2);
    await table.monitored(1);
    expect(await closed(table, { guardReport: table.guardReport({ passed: false }) })).toEqual(["guard"]);
    const dirty = { revision: { commit, dirty: true } };
    expect(await closed(table, { guardReport: table.guardReport(dirty) })).toEqual(["guard"]);
    expect(await closed(table, { guardReport: table.guardReport(), revision: "fedcba9" })).toEqual(["guard"]);
    expect(await closed(table, { revision: commit })).toEqual([]);
    // One bad row among the good ones.
    await table.write(3, { status: "present" });
    expect(await closed(table)).toEqual(["mismatched"]);
    await expect(table.monitored(1)).rejects.toMatchObject({ code: "CUTOVER_MISMATCH" });
    await table.write(3, { status: "no show" });
    expect(await closed(table)).toEqual(["monitor-runs"]);
    await table.monitored();
    await advance(table, { revision: commit });
    expect(await showCutover(table.context, table.cutover)).toMatchObject({
      ...{ phase: 4, stage: "complete", guardCommit: commit, gate: null, monitor: null },
      flags: { status_v2_dual_write: false, status_v2_read_pivot: true },
    });
    await expect(engine.query("INSERT INTO event_attendance (id, status) VALUES (90, 'dna')")).rejects.toThrow();
    await table.write(7, { status_v2: "checkedin" });

    // To 5: a snapshot of this phase.
    table.later(2);
    await table.monitored();
    expect(await closed(table, { guardReport: table.guardReport() })).toEqual(["snapshot"]);
    await table.snapshot();
    await advance(table);

    // The drop: once more, and a second person.
    table.later(4);
    await table.monitored();
    await table.snapshot();
    const last = await gateOf(table, { guardReport: table.guardReport() });
    expect(last).toMatchObject({ open: true, to: { phase: 5, state: "dropped" } });
    await expect(advance(table)).rejects.toMatchObject({ code: "APPROVAL_REQUIRED" });
    const approval = await approve(
      table.context,
      { digest: last.approvalDigest!, action: "cutover:drop", requestedBy: "ana", approvedBy: "bob" },
      auditTable,
    );
    expect(await advance(table, { approval: approval.id })).toMatchObject({ to: { phase: 5, state: "dropped" } });
    expect(await table.rows()).toEqual([
      [1, "checkedin"],
      [2, "preregistered"],
      [3, "dna"],
      [4, "walkin"],
      [5, "dna"],
      [6, "dna"],
      [7, "checkedin"],
    ]);
    await expect(gateOf(table)).rejects.toMatchObject({ code: "CUTOVER_FINISHED" });
    await expect(retreat(table)).rejects.toMatchObject({ code: "CUTOVER_DROPPED" });
    const shown = await showCutover(table.context, table.cutover);
    expect(shown).toMatchObject({ phase: 5, state: "dropped", next: null });
    expect(shown.history[0]).toMatchObject({ kind: "advance", outcome: "done", operator: "ana" });
  });

  test("is taken back from every phase, and every write is there", async () => {
    await using table = await attendanceTable(name);
    await table.legacy({ 1: "present", 2: "Reg" });
    await expect(retreat(table)).rejects.toMatchObject({ code: "CUTOVER_NOT_BEGUN" });
    await toPhase(table, 5);
    // Written while the legacy column was not: a change, a new row, and a change to what it means already.
    await table.write(2, { status_v2: "dna" });
    await table.write(3, { status_v2: "walkin" });
    await table.write(1, { status_v2: "checkedin" });
    expect(await retreat(table)).toMatchObject({ to: { phase: 4 }, sync: null });
    await table.write(4, { status_v2: "dna" });
    const back = await retreat(table);
    expect(back).toMatchObject({ to: { phase: 3 }, sync: { rows: 3 } });
    const written = [
      [1, "present", "checkedin"],
      [2, "dna", "dna"],
      [3, "walkin", "walkin"],
      [4, "dna", "dna"],
    ];
    expect(await table.rows()).toEqual(written);
    expect(await table.engine.store.run(table.engine, back.sync!.runId)).toMatchObject({ state: "completed", rows: 3 });
    await table.monitored(1);
    // A writer that had not seen the flag yet.
    await table.write(2, { status_v2: "walkin" });
    expect(await retreat(table, { to: "3" })).toMatchObject({ moved: false, sync: { rows: 1 } });
    expect(await retreat(table, { to: "3" })).toMatchObject({ moved: false, sync: { rows: 0 } });
    await table.both(2, "dna", "dna");

    // A writer that set one column only: neither value is touched, and the note says so.
    await table.write(4, { status: "present" });
    expect(await retreat(table)).toMatchObject({ to: { phase: 2 }, notes: [expect.stringMatching(/^1 rows/)] });
    expect(await storedStates(table.engine, [table.cutover]).states()).toMatchObject([{ phase: 2 }]);
    expect(await retreat(table, { to: "1" })).toMatchObject({ moved: true });
    expect(await retreat(table, { to: "1" })).toMatchObject({ moved: false });
    await retreat(table);
    // Snapshots of the phases before do not have what was written since.
    table.later(1);
    await expect(retreat(table)).rejects.toMatchObject({ code: "RETREAT_WOULD_LOSE", exit: 1 });
    await table.write(4, { status: "dna" });
    expect(await retreat(table)).toMatchObject({ to: { phase: 0, state: "planned" } });
    expect(await table.rows()).toEqual(written.map(([id, status]) => [id, status]));
    await expect(retreat(table)).rejects.toMatchObject({ code: "CUTOVER_NOT_BEGUN" });
    // And forth again.
    await table.snapshot();
    table.later(1);
    await advance(table);
    expect(await showCutover(table.context, table.cutover)).toMatchObject({ phase: 0, state: "entered" });
    await table.write(4, { status: "dna", status_v2: "walkin" });
    await expect(retreat(table)).rejects.toMatchObject({ code: "RETREAT_WOULD_LOSE", exit: 1 });
    table.later(1);
    await table.snapshot();
    expect(await retreat(table)).toMatchObject({ to: { phase: 0, state: "planned" } });
  });
});

describe.each(inTurn(families))("a cutover on %s", { timeout }, (name) => {
  test("a gate that cannot measure is closed, says why, and keeps what it could measure", async () => {
    await using table = await attendanceTable(name);
    await table.legacy({ 1: "present" });
    await toPhase(table, 1);
    await table.both(2, "dna", "dna");
    await table.monitored();
    const why = async (id: string, given = table) => {
      const { conditions, open } = await gateOf(given);
      expect(open).toBe(false);
      return conditions.find((each) => each.id === id)?.why;
    };
    const gone = new Proxy(table.context.vault, {
      get: (vault, key) => {
        if (key === "list") throw new Error("no vault");
        return Reflect.get(vault, key) as unknown;
      },
    });
    const downed = await gateOf({ ...table, context: { ...table.context, vault: gone } });
    expect(downed.open).toBe(false);
    expect(downed.conditions.filter(({ holds }) => !holds)).toEqual([
      expect.objectContaining({ id: "snapshot", measured: null, why: "it cannot be measured: it failed" }),
    ]);

    await table.engine.query("ALTER TABLE event_attendance RENAME COLUMN status_v2 TO elsewhere");
    expect(await why("mismatched")).toContain("has no column status_v2");
    expect(await why("schema")).toBe("table event_attendance has no column status_v2");
    await expect(table.monitored(1)).rejects.toMatchObject({ code: "CUTOVER_UNMEASURED", exit: 1 });
    await table.engine.query("ALTER TABLE event_attendance RENAME COLUMN elsewhere TO status_v2");
    expect(await closed(table)).toEqual(["monitor-runs"]);
    await table.engine.query("ALTER TABLE event_attendance RENAME TO gone");
    expect(await why("schema")).toBe("table event_attendance is not there");
    expect(await why("invalid")).toContain("table event_attendance is not there");
    expect((await gateOf(table)).conditions.find(({ id }) => id === "snapshot")?.holds).toBe(true);
    await table.engine.query("ALTER TABLE gone RENAME TO event_attendance");
    await table.monitored();
    expect(await closed(table)).toEqual([]);
    // A monitor that stopped says nothing about now, and another definition is another cutover.
    table.later(1.1);
    expect(await closed(table)).toEqual(["monitor-runs"]);
    expect(await why("definition", { ...table, cutover: { ...table.cutover, legacy: "id" } })).toContain("changed");
    await expect(retreat({ ...table, cutover: { ...table.cutover, legacy: "id" } })).rejects.toMatchObject({
      code: "CUTOVER_CHANGED",
    });
  });

  test("is not begun by a key that is not the table's, nor with a retired name that another column has", async () => {
    await using table = await attendanceTable(name, { key: ["status"] });
    await table.snapshot();
    const schema = async (change: object = {}) =>
      (await cutoverGate(table.context, { ...table.cutover, ...change }, { operator: "ana" })).conditions.find(
        ({ id }) => id === "schema",
      );
    expect(await schema()).toMatchObject({ holds: false, why: expect.stringContaining("primary key is (id) and not") });
    expect(await schema({ key: ["id"], retiredName: "id" })).toMatchObject({
      ...{ holds: false, why: expect.stringContaining("has a column id, as phase 5 would call status") },
    });
    await expect(advance(table)).rejects.toMatchObject({ code: "GATE_CLOSED" });
    expect(await schema({ key: ["id"] })).toMatchObject({ holds: true });
  });

  test("a move that is killed before it is on record is made once when it is called again", async () => {
    await using table = await attendanceTable(name);
    await table.legacy({ 1: "present" });
    for (const phase of [0, 1, 2, 3, 4, 5]) {
      await ready(table, phase);
      await expect(advance(killing(table))).rejects.toThrow("killed");
      expect(await showCutover(table.context, table.cutover)).toMatchObject({ moving: `advance:${phase}` });
      expect(await advance(table, { to: String(phase) })).toMatchObject({ moved: true });
      expect(await showCutover(table.context, table.cutover)).toMatchObject({ phase, moving: null });
    }
    // A retreat, half way: it is finished before anything else.
    await expect(retreat(killing(table))).rejects.toThrow("killed");
    expect(await showCutover(table.context, table.cutover)).toMatchObject({ phase: 5, moving: "retreat:4" });
    await expect(advance(table)).rejects.toMatchObject({ code: "CUTOVER_RETREATING" });
    expect(await retreat(table)).toMatchObject({ moved: true, to: { phase: 4 } });
    await expect(retreat(killing(table))).rejects.toThrow("killed");
    expect(await retreat(table)).toMatchObject({ moved: true, to: { phase: 3 }, sync: { rows: 0 } });
    const about = { cutover: table.cutover.name, kind: "advance", limit: 10 } as const;
    const advances = await newestEvidence(table.engine, table.engine.dialect, about);
    expect(advances.map(({ phase }) => phase).reverse()).toEqual([0, 1, 2, 3, 4, 5]);
  });
});

/** Makes true what the gate to a phase asks for. */
async function ready(table: AttendanceTable, phase: number): Promise<void> {
  table.later(3);
  await table.snapshot();
  if (phase === 2) await table.both(1, "present", "checkedin");
  if (phase === 3) await table.backfill();
  if (phase >= 2) await table.monitored();
  if (phase >= 4) await gateOf(table, { guardReport: table.guardReport() });
}

test.each(families.filter((name) => name === "mysql"))(
  "a legacy column that holds no codes gets spellings of them when phase 4 is taken back, on %s",
  { timeout },
  async (name) => {
    await using table = await attendanceTable(name);
    await table.legacy({ 1: "present", 2: "Reg" });
    await table.engine.script("ALTER TABLE event_attendance MODIFY status enum('present','Reg','no show') NOT NULL");
    const cutover = { ...table.cutover, codes: table.cutover.codes.filter(({ code }) => code !== "walkin") };
    const narrow = { ...table, cutover: { ...cutover, runbook: undefined } as unknown as AttendanceTable["cutover"] };
    await toPhase(narrow, 4);
    await narrow.write(2, { status_v2: "dna" });
    await narrow.write(3, { status_v2: "checkedin" });
    expect(await retreat(narrow)).toMatchObject({ to: { phase: 3 }, sync: { rows: 2 } });
    expect((await narrow.rows()).slice(1)).toEqual([
      [2, "no show", "dna"],
      [3, "present", "checkedin"],
    ]);
  },
);

async function toPhase(table: AttendanceTable, wanted: number): Promise<void> {
  for (let phase = 0; phase <= wanted; phase++) {
    await ready(table, phase);
    await advance(table, { to: String(phase) });
  }
}

/** The same, in a process that is gone before a move is on record. */
function killing(table: AttendanceTable): AttendanceTable {
  const store = { ...table.engine.store, holdLease: holdUntil(table.engine.store.holdLease, 2) };
  const engine = new Proxy(table.engine, {
    get: (from, key) => (key === "store" ? store : (Reflect.get(from, key) as unknown)),
  });
  return { ...table, context: { ...table.context, engine } };
}

/** The lease is held so often, and then the process is gone. */
function holdUntil<T extends unknown[]>(hold: (...args: T) => Promise<boolean>, times: number) {
  let held = 0;
  return async (...args: T): Promise<boolean> => {
    if (++held >= times) throw new Error("killed");
    return await hold(...args);
  };
}
