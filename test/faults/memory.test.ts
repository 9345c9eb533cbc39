import { writeSampleExport } from "@runback/membership";
import { describe, expect, test } from "vitest";
import { createDatabase } from "../support/database.ts";
import { deep } from "./seeded-random.ts";
import { startWorker } from "./start-worker.ts";
import { scratchFolder } from "./targets.ts";

const limitKb = 250 * 1024;
// 300,000 would take most of the time that `npm test` has.
const registrations = deep ? 300_000 : 40_000;

describe.runIf(process.platform === "linux")("memory", () => {
  test(`import and rollback of ${registrations} registrations stay under 250 MB`, { timeout: 600_000 }, async () => {
    const source = scratchFolder("source");
    const vault = scratchFolder("vault");
    await using database = await createDatabase();
    try {
      await writeSampleExport(source.path, { members: 5_000, events: 600, registrations });
      const where = { databaseUrl: database.url, vaultUrl: `file://${vault.path}`, source: source.path };
      const reverts = "run-20260115-143000-aaaaaa";
      const imported = await startWorker({ ...where, action: "import", runId: reverts }).end;
      expect(imported).toMatchObject({
        stderr: "",
        result: { entities: { registrations: { created: registrations, quarantined: 0 } } },
      });
      const rollback = { ...where, action: "rollback", runId: "run-20260115-150000-bbbbbb", reverts } as const;
      const undone = await startWorker(rollback).end;
      expect(undone).toMatchObject({ stderr: "", result: { verified: true } });
      console.log(`peak memory: import ${imported.peakKb! >> 10} MB, rollback ${undone.peakKb! >> 10} MB`);
      expect(imported.peakKb).toBeLessThan(limitKb);
      expect(undone.peakKb).toBeLessThan(limitKb);
    } finally {
      source.remove();
      vault.remove();
    }
  });
});
