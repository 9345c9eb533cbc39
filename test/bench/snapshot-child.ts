// One snapshot, its verification's hashes and its restore, in a process of its own: prints milliseconds and the peak of its resident set.
import { readFileSync } from "node:fs";
import v8 from "node:v8";
import { silentLogger, systemClock } from "@runback/core";
import { openEngine } from "@runback/engines";
import { createSnapshot, restoreSnapshotInto } from "@runback/operations";
import { openVault } from "@runback/vault";

// As the command line does.
v8.setFlagsFromString("--max-semi-space-size=8");
v8.setFlagsFromString("--semi-space-growth-factor=1");

const [verb, url, vaultUrl, snapshotId] = process.argv.slice(2) as [string, string, string, string];
const auditTable = { schema: "runback", name: "audit" };
const engine = await openEngine(url);
const vault = await openVault(vaultUrl);
const context = {
  ...{ engine, vault, clock: systemClock, logger: silentLogger },
  ...{ holder: `bench:${process.pid}`, isDead: () => false },
};
const began = performance.now();
const result =
  verb === "create"
    ? await createSnapshot(context, { operator: "bench", auditTable, retainDays: 0 })
    : await restoreSnapshotInto(context, { snapshotId, operator: "bench", into: engine, auditTable });
const ms = performance.now() - began;
const peak = /VmHWM:\s+(\d+) kB/.exec(readFileSync("/proc/self/status", "utf8"));
process.stdout.write(
  `${JSON.stringify({ ms, snapshotId: result.snapshotId, bytes: result.bytes, peakMb: peak ? Number(peak[1]) / 1024 : null })}\n`,
);
await engine.close();
await vault.close();
