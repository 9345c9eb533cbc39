import { wildApricotImport } from "@runback/membership";
import { advanceImport, type Context, resumeImport, runImport, runRollback, startImport } from "@runback/operations";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { takeLease } from "../../../packages/operations/src/run/lease-guard.ts";
import { contextOver } from "../support/context.ts";
import { importOptions, samplePolicies } from "../support/import-options.ts";
import { emptyTarget, sampleWorld, type Target, type World } from "../support/world.ts";

let world: World;
beforeAll(async () => {
  world = await sampleWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

const resumed = { declaration: wildApricotImport, policies: samplePolicies, operator: "alice" };
const contextOf = ({ engine, context }: Target, more: Partial<Context>) => contextOver(engine, context.vault, more);

describe("one writer at a time", () => {
  it("a second import gets a clear error and writes nothing, a dry run is let through", async () => {
    await using target = await emptyTarget(world.vaultUrl);
    const first = await startImport(target.context, importOptions(world.source));
    const other = contextOf(target, { holder: "elsewhere:2:two" });
    const second = runImport(other, importOptions(world.source));
    await expect(second).rejects.toMatchObject({
      code: "LEASE_HELD",
      status: 409,
      exit: 2,
      recovery: expect.stringContaining(`runback runs show ${first.runId}`),
      details: { runId: first.runId, expiresAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/) },
    });
    await expect(second).rejects.toThrow(first.runId);
    expect((await runImport(other, importOptions(world.source, { dryRun: true }))).dryRun).toBe(true);
    const { rows } = await target.engine.query(`SELECT run_id, mode FROM runback.runs ORDER BY num`);
    expect(rows).toEqual([{ run_id: first.runId, mode: "live" }, expect.objectContaining({ mode: "dry" })]);
    await advanceImport(target.context, importOptions(world.source), first.runId);
    // Given back at the end: the next one need not wait for it to expire.
    expect((await runImport(other, importOptions(world.source))).entities.members).toMatchObject({ unchanged: 400 });
  });

  it("a rollback waits for no import, and an import for no rollback: whoever comes second is told", async () => {
    await using target = await world.clone();
    await startImport(target.context, importOptions(world.source));
    const rollback = runRollback(contextOf(target, { holder: "elsewhere:2:two" }), {
      runId: world.runId,
      operator: "bob",
      onConflict: "abort",
      auditTable: wildApricotImport.auditTable,
    });
    await expect(rollback).rejects.toMatchObject({ code: "LEASE_HELD" });
  });

  it("what holds a lease without being a run is not looked for among the runs", async () => {
    await using target = await emptyTarget(world.vaultUrl);
    await takeLease(target.context, "migration:some-cutover", "move-1");
    const second = takeLease(contextOf(target, { holder: "elsewhere:2:two" }), "migration:some-cutover", "run-2");
    await expect(second).rejects.toMatchObject({
      message: "The move move-1 is writing to this target (lease migration:some-cutover).",
      recovery: expect.not.stringContaining("runs show"),
    });
  });

  it("the lease of a process that is known to be dead need not expire", async () => {
    await using target = await emptyTarget(world.vaultUrl);
    const { runId } = await startImport(target.context, importOptions(world.source));
    const survivor = contextOf(target, { holder: "elsewhere:2:two", isDead: (holder) => holder === "scenario:1:one" });
    const result = await resumeImport(survivor, resumed, runId);
    expect(result.entities.registrations).toMatchObject({ created: 1_200 });
  });

  it("a holder that was replaced commits nothing more", async () => {
    await using target = await emptyTarget(world.vaultUrl);
    const { runId } = await startImport(target.context, importOptions(world.source));
    const { engine } = target;
    let steps = 0;
    let taken = false;
    const replaced = contextOf(target, {
      stepRows: 100,
      onProgress: () => {
        steps++;
      },
      // Between its third step and its fourth, somebody who thinks it is dead takes over.
      engine: {
        ...engine,
        transaction: async (work, options) => {
          if (steps === 3 && !taken) {
            taken = true;
            await engine.query(`UPDATE runback.leases SET token = token + 1, holder = 'elsewhere:2:two'`);
          }
          return await engine.transaction(work, options);
        },
      },
    });
    await expect(advanceImport(replaced, importOptions(world.source), runId)).rejects.toMatchObject({
      code: "LEASE_LOST",
    });
    const { rows } = await target.engine.query(`SELECT state FROM runback.runs WHERE run_id = $1`, [runId]);
    expect(rows).toEqual([{ state: "running" }]);
    expect(steps).toBeLessThanOrEqual(4);
  });
});

describe("the time of the last sync", () => {
  it("is when the run began, and moves with a run that refused nothing only", async () => {
    await using target = await emptyTarget(world.vaultUrl);
    let now = Date.parse("2026-03-01T12:00:00Z");
    const tick = () => {
      now += 1_000;
      return new Date(now);
    };
    const context = contextOf(target, { clock: { now: tick } });
    const { runId } = await runImport(context, importOptions(world.source));
    const { rows } = await target.engine.query(
      `SELECT "lastFullSync" = r.started_at AS full, "lastMembersSync" = r.started_at AS members,
         "lastEventsSync" = r.started_at AS events, "lastRegistrationsSync" = r.started_at AS registrations, "lastIncSync" AS incremental
       FROM "WaSyncState", runback.runs r WHERE r.run_id = $1`,
      [runId],
    );
    expect(rows).toEqual([{ full: true, members: true, events: true, registrations: true, incremental: null }]);
  });
});
