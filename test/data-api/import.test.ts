import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { writeSampleExport } from "@runback/membership";
import { advanceImport, resumeImport, runExec, runRollback, startImport } from "@runback/operations";
import { afterAll, beforeAll, expect, test } from "vitest";
import { importOptions } from "../scenarios/support/import-options.ts";
import { type Target, targetOver } from "../scenarios/support/world.ts";
import { type DataApiTarget, freshDataApi } from "./fresh-data-api.ts";

const auditTable = { schema: "public", name: "AuditLog" };

let folder: string;
let source: string;
let service: DataApiTarget;
let target: Target;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "runback-data-api-"));
  source = join(folder, "export");
  await writeSampleExport(source, { members: 400, events: 90, registrations: 1_200 });
  service = await freshDataApi();
  target = await targetOver(service.engine, pathToFileURL(join(folder, "vault")).href, service.url, async () => {
    await service[Symbol.asyncDispose]();
  });
});
afterAll(async () => {
  await target[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const memberRows = async () => (await target.engine.query('SELECT FROM "Member"')).count;

// One test after the other: each begins where the one before ended.
test("the membership import runs through the Data API, is cut off, resumed, verified, and taken back", async () => {
  const dry = await target.import(source, { dryRun: true });
  expect(await memberRows()).toBe(0);
  service.server.faults.add({ operation: "CommitTransaction", when: "after", answer: "reset" });
  service.server.faults.add({
    operation: "Execute",
    sql: /INSERT INTO "public"\."Registration"/,
    when: "after",
    answer: "reset",
  });
  const bundleFolder = join(folder, "bundle");
  const options = importOptions(source, { plan: dry.planDigest, bundleFolder });
  const { runId } = await startImport(target.context, options);
  await expect(advanceImport(target.context, options, runId)).rejects.toMatchObject({ code: "TARGET_UNREACHABLE" });
  expect(service.server.faults.left).toBe(0);

  const live = await resumeImport(target.context, options, runId);
  expect(live.entities).toMatchObject({ members: { created: 400 }, events: { created: 90 } });
  expect(live.runId).toBe(runId);

  const report = await target.verify(bundleFolder);
  expect(report.checks.filter((check) => !check.passed)).toEqual([]);
  expect(report.passed).toBe(true);

  const back = await runRollback(target.context, { runId, operator: "bob", onConflict: "abort", auditTable });
  expect(back).toMatchObject({ verified: true, conflicts: [] });
  expect(back.classes.reverted).toBe(back.planned);
  expect(await memberRows()).toBe(0);
}, 180_000);

test("exec is refused before anything starts: programs get no session there", async () => {
  const started = runExec(target.context, {
    command: process.execPath,
    args: ["-e", "process.exit(0)"],
    operator: "ada",
    auditTable,
    targetUrl: service.url,
    env: {},
    stdio: "ignore",
  });
  await expect(started).rejects.toMatchObject({ code: "EXEC_UNSUPPORTED" });
});
