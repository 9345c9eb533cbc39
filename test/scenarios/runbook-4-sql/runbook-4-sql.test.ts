import { wildApricotImport } from "@runback/membership";
import { runRollback } from "@runback/operations";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { sampleSize, sampleWorld, type Target, type World } from "../support/world.ts";
import { fill } from "./fill.ts";
import { statements } from "./statements.ts";

const mappings = sampleSize.members + sampleSize.events + sampleSize.registrations;

let world: World;
let values: Record<string, string>;
/** For what only reads; statements that write get a clone of their own. */
let reading: Target;

async function run(target: Target, name: keyof typeof statements, more: Record<string, string> = {}) {
  return await target.engine.query(fill(statements[name].sql, { ...values, ...more }));
}
const counted = async (target: Target, name: keyof typeof statements) =>
  Object.fromEntries(Object.entries((await run(target, name)).rows[0]!).map(([key, value]) => [key, Number(value)]));
const audited = async ({ engine }: Target) =>
  await engine.transaction((tx) => engine.audit.verify(tx, wildApricotImport.auditTable, 10), {
    isolation: "snapshot",
  });

beforeAll(async () => {
  world = await sampleWorld();
  reading = await world.clone();
  const { rows } = await reading.engine.query<{ waId: string; id: string }>(
    `SELECT "waId", "murmurantId" AS id FROM "WaIdMapping" WHERE "entityType" = 'Member' ORDER BY "waId" LIMIT 2`,
  );
  values = { RUN_ID: world.runId, WA_ID: rows[0]!.waId, WRONG_UUID: rows[0]!.id, CORRECT_UUID: rows[1]!.id };
});
afterAll(async () => {
  await reading[Symbol.asyncDispose]();
  await world[Symbol.asyncDispose]();
});

describe("what the handbook's statements find on a migrated database", () => {
  it("checkpoint 2.4: every row has its mapping", async () => {
    expect(await counted(reading, "countAll")).toEqual({ ...sampleSize, mappings });
    expect(await counted(reading, "orphanCheck")).toEqual({ count: 0 });
  });

  it("4.3: members by tier add up to the members that have one", async () => {
    const { rows } = await run(reading, "tierCounts");
    expect(rows.map(({ code }) => code)).toContain("FIRST_YEAR");
    const { rows: members } = await reading.engine.query<{ tiered: number }>(
      `SELECT count("membershipTierId")::int AS tiered FROM "Member"`,
    );
    expect(rows.reduce((sum, { count }) => sum + Number(count), 0)).toBe(members[0]!.tiered);
  });

  it("4.4: nobody is there twice", async () => {
    expect((await run(reading, "duplicates")).rows).toEqual([]);
  });

  it("5.2: the activity of a run, in order, with what each entry must carry", async () => {
    const { rows } = await run(reading, "activity");
    const actions = rows.map((row) => row.action);
    expect(actions[0]).toBe("migration:started");
    expect(actions.at(-1)).toBe("migration:completed");
    expect(actions).toContain("migration:step");
    expect(rows[0]!.metadata).toMatchObject({ run_id: world.runId, mode: "live", operator: "alice" });
    expect(rows.at(-1)!.metadata).toMatchObject({
      run_id: world.runId,
      operator: "alice",
      counts: { members: { parsed: sampleSize.members, created: sampleSize.members } },
      duration: expect.any(Number),
    });
  });

  it("5.2: who ran imports: the operator, how often, and whole seconds", async () => {
    await using target = await world.clone();
    await target.import(world.source, { operator: "bob" });
    await target.import(world.source, { operator: "bob" });
    const { rows } = await run(target, "operators");
    const byName = Object.fromEntries(rows.map((row) => [row.operator, row]));
    expect(Object.keys(byName).sort()).toEqual(["alice", "bob"]);
    expect(Number(byName.bob!.imports)).toBe(2);
    expect(Number.isInteger(Number(byName.bob!.total_seconds))).toBe(true);
    expect(Number(byName.bob!.total_seconds)).toBeGreaterThan(0);
  });

  it("7.1: nothing is orphaned, and the counts are those of the export", async () => {
    expect(await counted(reading, "orphanedMembers")).toEqual({ orphaned_members: 0 });
    expect(await counted(reading, "orphanedRegistrations")).toEqual({ orphaned_regs: 0 });
    expect(await counted(reading, "countsMatch")).toEqual(sampleSize);
  });

  it("7.3: one row says when the source was last read completely, and can be reset", async () => {
    await using target = await world.clone();
    const before = (await run(target, "syncState")).rows;
    expect(before).toHaveLength(1);
    expect(before[0]!.lastFullSync).not.toBeNull();
    expect((await run(target, "resetSync")).count).toBe(1);
    expect((await run(target, "syncState")).rows).toMatchObject([{ lastFullSync: null, lastIncSync: null }]);
  });
});

describe("what the handbook's statements change", () => {
  it("level 1 by hand: takes the run out, in its order, and is logged into the chain", async () => {
    await using target = await world.clone();
    expect((await run(target, "affected")).rows).toHaveLength(mappings);
    expect((await run(target, "deleteRegistrations")).count).toBe(sampleSize.registrations);
    expect((await run(target, "deleteEvents")).count).toBe(sampleSize.events);
    expect((await run(target, "deleteMembers")).count).toBe(sampleSize.members);
    expect((await run(target, "clearMappings")).count).toBe(mappings);
    const before = await audited(target);
    await run(target, "logLevel1");
    const after = await audited(target);
    expect(after.problems).toEqual([]);
    expect(after.entries).toBe(before.entries + 1);
    expect((await run(target, "rollbacks")).rows).toMatchObject([
      { action: "migration:rollback:level1", metadata: { run_id: world.runId } },
    ]);
    expect(await counted(target, "countAll")).toEqual({ members: 0, events: 0, registrations: 0, mappings: 0 });
    // What was undone by hand is no longer there to take back, and says so instead of failing.
    const { classes } = await runRollback(target.context, {
      runId: world.runId,
      operator: "alice",
      onConflict: "abort",
      auditTable: wildApricotImport.auditTable,
    });
    expect(classes).toMatchObject({ edited: 0, missing: 0, referenced: 0 });
  });

  it("level 2: a restoration is logged and found", async () => {
    await using target = await world.clone();
    expect(await counted(target, "countMembers")).toEqual({ count: sampleSize.members });
    await run(target, "logLevel2");
    expect((await run(target, "rollbacks")).rows).toMatchObject([
      { action: "migration:rollback:level2", metadata: { restored_from: "backup_20241215_100000.dump" } },
    ]);
    expect((await audited(target)).problems).toEqual([]);
  });

  it("4.2: a mapping is found, corrected once the right one is free, and logged", async () => {
    await using target = await world.clone();
    expect((await run(target, "findMapping")).rows).toMatchObject([{ murmurantId: values.WRONG_UUID }]);
    // Two source ids cannot lead to one person: the mapping that holds the right one has to go first.
    await expect(run(target, "correctMapping")).rejects.toThrow("unique");
    await target.engine.query(`DELETE FROM "WaIdMapping" WHERE "murmurantId" = $1`, [values.CORRECT_UUID!]);
    expect((await run(target, "correctMapping")).count).toBe(1);
    await run(target, "logMapping");
    expect((await run(target, "findMapping")).rows).toMatchObject([{ murmurantId: values.CORRECT_UUID }]);
    expect((await audited(target)).problems).toEqual([]);
  });

  it("4.4: a duplicate is merged into the canonical member", async () => {
    await using target = await world.clone();
    const { rows } = await target.engine.query<{ duplicate: string; canonical: string; moved: number }>(
      `SELECT r."memberId" AS duplicate, c.id AS canonical, count(*)::int AS moved FROM "Registration" r
       JOIN LATERAL (SELECT m.id FROM "Member" m WHERE m.id <> r."memberId"
         AND NOT EXISTS (SELECT FROM "Registration" o WHERE o."memberId" = m.id) ORDER BY m.id LIMIT 1) c ON true
       GROUP BY 1, 2 ORDER BY 1 LIMIT 1`,
    );
    const { duplicate, canonical, moved } = rows[0]!;
    const ids = { DUPLICATE_UUID: duplicate, CANONICAL_UUID: canonical };
    await target.engine.query(`DELETE FROM "WaIdMapping" WHERE "murmurantId" = $1`, [canonical]);
    expect((await run(target, "moveRegistrations", ids)).count).toBe(moved);
    expect((await run(target, "deleteDuplicate", ids)).count).toBe(1);
    expect((await run(target, "updateMapping", ids)).count).toBe(1);
    expect(await counted(target, "orphanedMembers")).toEqual({ orphaned_members: 0 });
    expect(await counted(target, "orphanedRegistrations")).toEqual({ orphaned_regs: 0 });
  });

  it("the log takes no correction: an entry can be added, never changed or removed", async () => {
    await using target = await world.clone();
    await run(target, "logLevel1");
    for (const sql of [`UPDATE "AuditLog" SET action = 'x'`, `DELETE FROM "AuditLog"`, `TRUNCATE "AuditLog"`])
      await expect(target.engine.query(sql)).rejects.toThrow("append-only");
  });
});
