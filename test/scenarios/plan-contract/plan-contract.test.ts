import { appendFile, cp, mkdtemp } from "node:fs/promises";
import { join } from "node:path";
import { sampleTierMapping, wildApricotImport } from "@runback/membership";
import { type ImportOptions, runImport } from "@runback/operations";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { contextOver } from "../support/context.ts";
import { importOptions, samplePolicies } from "../support/import-options.ts";
import { applicationTables, tableDigests } from "../support/table-digests.ts";
import { emptyTarget, sampleWorld, type Target, type World } from "../support/world.ts";

let world: World;
beforeAll(async () => {
  world = await sampleWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

/** A copy of the export that a test may change. */
async function copyOfSource(): Promise<string> {
  const source = await mkdtemp(join(world.folder, "source-"));
  await cp(world.source, source, { recursive: true });
  return source;
}

async function refusesPlan(
  target: Target,
  source: string,
  plan: string,
  differs: string,
  policies: ImportOptions["policies"] = samplePolicies,
) {
  const before = await tableDigests(target.engine, applicationTables);
  await expect(target.import(source, { plan, policies })).rejects.toMatchObject({
    code: "PLAN_CHANGED",
    exit: 1,
    status: 409,
    details: { approved: plan, differs },
  });
  expect(await tableDigests(target.engine, applicationTables)).toEqual(before);
  const { rows } = await target.engine.query(`SELECT state FROM runback.runs ORDER BY num DESC LIMIT 1`);
  expect(rows).toEqual([{ state: "aborted" }]);
}

describe("a dry run is a contract", () => {
  it("executes the plan that was seen, with the counts that were seen", async () => {
    await using target = await emptyTarget(world.vaultUrl);
    const dry = await target.import(world.source, { dryRun: true });
    const before = await tableDigests(target.engine, applicationTables);
    const again = await target.import(world.source, { dryRun: true });
    expect(again.planDigest).toBe(dry.planDigest);
    expect(await tableDigests(target.engine, applicationTables)).toEqual(before);
    const live = await target.import(world.source, { plan: dry.planDigest });
    expect(live).toMatchObject({ planDigest: dry.planDigest, entities: dry.entities });
    expect((await target.engine.query(`SELECT FROM runback.journal`)).count).toBeGreaterThan(0);
  });

  it("refuses when the source changed", async () => {
    await using target = await emptyTarget(world.vaultUrl);
    const source = await copyOfSource();
    const { planDigest } = await target.import(source, { dryRun: true });
    // Not a row more: only the file is another one.
    await appendFile(join(source, "members/wa-members-export.csv"), "\r\n");
    await refusesPlan(target, source, planDigest, "source");
    await appendFile(join(source, "members/wa-members-export.csv"), "999,New,Member,new@example.org,,,General\r\n");
    await refusesPlan(target, source, planDigest, "rows, source");
  });

  it("refuses when a policy changed, even one that changes no row", async () => {
    await using target = await emptyTarget(world.vaultUrl);
    const { planDigest } = await target.import(world.source, { dryRun: true });
    const graceful = { ...samplePolicies, "membership.gracePeriodDays": 31 };
    await refusesPlan(target, world.source, planDigest, "policies", graceful);
    const mapping = { ...sampleTierMapping, Alumni: "GENERAL" };
    await refusesPlan(target, world.source, planDigest, "policies", {
      ...samplePolicies,
      "membership.tiers.waMapping": mapping,
    });
  });

  it("refuses when the schema changed", async () => {
    await using target = await emptyTarget(world.vaultUrl);
    const { planDigest } = await target.import(world.source, { dryRun: true });
    await target.engine.script(`ALTER TABLE "Event" ADD note text`);
    await refusesPlan(target, world.source, planDigest, "schema");
  });

  it("refuses when a row of the target changed what the plan would do", async () => {
    await using target = await world.clone();
    const { planDigest } = await target.import(world.source, { dryRun: true });
    await target.engine.script(
      `UPDATE "Member" SET phone = 'changed' WHERE id = (SELECT id FROM "Member" ORDER BY id LIMIT 1)`,
    );
    await refusesPlan(target, world.source, planDigest, "rows");
  });

  it("refuses when a code means another row of the target", async () => {
    await using target = await emptyTarget(world.vaultUrl);
    const { planDigest } = await target.import(world.source, { dryRun: true });
    await target.engine.script(`UPDATE "MembershipTier" SET id = gen_random_uuid() WHERE code = 'ALUMNI'`);
    await refusesPlan(target, world.source, planDigest, "rows");
  });

  it("refuses a digest that no dry run on this target had", async () => {
    await using target = await emptyTarget(world.vaultUrl);
    const none = target.import(world.source, { plan: "0".repeat(64) });
    await expect(none).rejects.toMatchObject({ code: "PLAN_NOT_FOUND" });
    await using elsewhere = await world.clone();
    const { planDigest } = await elsewhere.import(world.source, { dryRun: true });
    await expect(target.import(world.source, { plan: planDigest })).rejects.toMatchObject({ code: "PLAN_NOT_FOUND" });
  });

  it("refuses a plan that is older than a day, by a millisecond", async () => {
    await using target = await emptyTarget(world.vaultUrl);
    let now = Date.parse("2026-03-01T12:00:00Z");
    const context = contextOver(target.engine, target.context.vault, { clock: { now: () => new Date(now) } });
    const { planDigest: plan } = await runImport(context, importOptions(world.source, { dryRun: true }));
    now += 24 * 60 * 60 * 1000 + 1;
    const late = runImport(context, importOptions(world.source, { plan }));
    await expect(late).rejects.toMatchObject({ code: "PLAN_TOO_OLD" });
    now -= 1;
    expect((await runImport(context, importOptions(world.source, { plan }))).entities.members?.created).toBe(400);
  });

  it("is required where the target is protected", async () => {
    await using target = await emptyTarget(world.vaultUrl);
    const unseen = target.import(world.source, { requirePlan: true });
    await expect(unseen).rejects.toMatchObject({ code: "PLAN_REQUIRED" });
    const { planDigest: plan } = await target.import(world.source, { requirePlan: true, dryRun: true });
    const live = await target.import(world.source, { requirePlan: true, plan });
    expect(live.dryRun).toBe(false);
    expect(wildApricotImport.entities.map(({ name }) => live.entities[name]!.created)).toEqual([400, 90, 1_200]);
  });
});
