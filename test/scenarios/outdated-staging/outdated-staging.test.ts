import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { wildApricotImport, writeSampleExport } from "@runback/membership";
import { init, resumeImport, runImport } from "@runback/operations";
import { afterAll, beforeAll, expect, it } from "vitest";
import { freshSqlite } from "../../support/engines.ts";
import { contextOver } from "../support/context.ts";
import { importOptions, samplePolicies } from "../support/import-options.ts";
import { type Target, targetOver } from "../support/world.ts";

let folder: string;
let target: Target;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "runback-outdated-"));
  await writeSampleExport(join(folder, "export"), { members: 120, events: 20, registrations: 300 });
  const file = await freshSqlite();
  target = await targetOver(file.engine, pathToFileURL(join(folder, "vault")).href, file.url, async () => {
    await file[Symbol.asyncDispose]();
  });
  await init({ engine: file.engine }, wildApricotImport);
});
afterAll(async () => {
  await target[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

it("an import whose plan another version staged is refused by name when it is gone on with, and a new one finishes it", async () => {
  const { engine, context } = target;
  const stop = new AbortController();
  let runId = "";
  const stopping = contextOver(engine, context.vault, {
    stepRows: 50,
    signal: stop.signal,
    onProgress: (progress) => {
      runId = progress.runId;
      if (progress.phase === "members" && progress.done > 0) stop.abort();
    },
  });
  await expect(runImport(stopping, importOptions(join(folder, "export")))).rejects.toMatchObject({ code: "STOPPED" });
  // As a version staged it that derived the ids of mappings in SQL.
  const { rows } = await engine.query<{ name: string }>(
    "SELECT name FROM sqlite_schema WHERE type = 'table' AND name LIKE 'runback_stage_%' AND sql LIKE '%mapping_id%'",
  );
  expect(rows).toHaveLength(3);
  for (const { name } of rows) await engine.script(`ALTER TABLE "${name}" DROP COLUMN mapping_id`);
  const written = async () => (await engine.query('SELECT 1 FROM "Member"')).count;
  const before = await written();
  expect(before).toBeGreaterThan(0);
  const options = { declaration: wildApricotImport, policies: samplePolicies, operator: "alice" };
  await expect(resumeImport(context, options, runId)).rejects.toMatchObject({
    ...{ code: "STAGING_OUTDATED", message: expect.stringContaining("its plan has no mapping_id") },
    ...{
      recovery: expect.stringContaining("Start a new import"),
      details: { entity: "members", missing: ["mapping_id"] },
    },
  });
  expect(await written()).toBe(before);
  expect(await engine.store.run(engine, runId)).toMatchObject({ state: "failed", error: { code: "STAGING_OUTDATED" } });
  const again = await runImport(context, importOptions(join(folder, "export")));
  expect(again.entities.members).toMatchObject({ parsed: 120, created: 120 - before, unchanged: before, conflicts: 0 });
}, 60_000);
