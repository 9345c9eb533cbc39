import { wildApricotImport } from "@runback/membership";
import { resumeImport, runImport, runRollback } from "@runback/operations";
import { afterAll, beforeAll, expect, it } from "vitest";
import { contextOver } from "../support/context.ts";
import { importOptions, samplePolicies } from "../support/import-options.ts";
import { applicationTables, tableDigests } from "../support/table-digests.ts";
import { emptyTarget, sampleWorld, type World } from "../support/world.ts";

let world: World;
beforeAll(async () => {
  world = await sampleWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

it("a run that stopped half way is taken back, and then cannot be resumed over its own undoing", async () => {
  await using target = await emptyTarget(world.vaultUrl);
  const before = await tableDigests(target.engine, applicationTables);
  const stop = new AbortController();
  let runId = "";
  const context = contextOver(target.engine, target.context.vault, {
    stepRows: 100,
    signal: stop.signal,
    onProgress: (progress) => {
      runId = progress.runId;
      if (progress.phase === "registrations" && progress.done > 700) stop.abort();
    },
  });
  const stopped = runImport(context, importOptions(world.source));
  await expect(stopped).rejects.toMatchObject({ code: "STOPPED" });
  await expect(stopped).rejects.toHaveProperty("recovery", expect.stringContaining(`--resume ${runId}`));
  const { rows } = await target.engine.query<{ written: number }>(
    `SELECT (SELECT count(*) FROM "Registration")::int AS written`,
  );
  expect(rows[0]!.written).toBeGreaterThan(0);
  expect(rows[0]!.written).toBeLessThan(1_200);

  const options = { runId, operator: "alice", onConflict: "abort" as const, auditTable: wildApricotImport.auditTable };
  const result = await runRollback(target.context, options);
  expect(result).toMatchObject({ verified: true, classes: { edited: 0, missing: 0, referenced: 0 } });
  expect(await tableDigests(target.engine, applicationTables)).toEqual(before);

  const resumed = resumeImport(
    target.context,
    { declaration: wildApricotImport, policies: samplePolicies, operator: "alice" },
    runId,
  );
  await expect(resumed).rejects.toMatchObject({ code: "RUN_NOT_RESUMABLE" });
  expect(await tableDigests(target.engine, applicationTables)).toEqual(before);
});

it("a rollback that was stopped goes on where it was, whoever asks for it again", async () => {
  await using target = await world.clone();
  const stop = new AbortController();
  const slow = contextOver(target.engine, target.context.vault, {
    stepRows: 200,
    signal: stop.signal,
    onProgress: ({ done }) => {
      if (done > 1_000) stop.abort();
    },
  });
  const { runId } = world;
  const options = { runId, operator: "alice", onConflict: "abort" as const, auditTable: wildApricotImport.auditTable };
  await expect(runRollback(slow, options)).rejects.toMatchObject({ code: "STOPPED" });
  expect((await target.engine.query(`SELECT FROM "WaIdMapping"`)).count).toBeGreaterThan(0);
  const result = await runRollback(target.context, options);
  expect(result).toMatchObject({ verified: true });
  expect((await target.engine.query(`SELECT FROM "Member"`)).count).toBe(0);
  const { rows } = await target.engine.query(`SELECT kind, state FROM runback.runs ORDER BY num`);
  expect(rows).toEqual([
    { kind: "import", state: "completed" },
    { kind: "rollback", state: "completed" },
  ]);
});
