// One import in a process of its own, so that its memory is its own: prints milliseconds and the peak of its resident set.
import { readFileSync } from "node:fs";
import v8 from "node:v8";
import { silentLogger, systemClock } from "@runback/core";
import { openEngine } from "@runback/engines";
import { sampleTierMapping, wildApricotImport } from "@runback/membership";
import { init, runImport } from "@runback/operations";
import { openVault } from "@runback/vault";

// As the command line does.
v8.setFlagsFromString("--max-semi-space-size=8");
v8.setFlagsFromString("--semi-space-growth-factor=1");

const [url, vaultUrl, source] = process.argv.slice(2) as [string, string, string];
const engine = await openEngine(url);
const vault = await openVault(vaultUrl);
const context = {
  engine,
  vault,
  clock: systemClock,
  logger: silentLogger,
  holder: `bench:${process.pid}`,
  isDead: () => false,
};
await init(context, wildApricotImport);
const began = performance.now();
const result = await runImport(context, {
  declaration: wildApricotImport,
  policies: { "display.organizationName": "Bench", "membership.tiers.waMapping": sampleTierMapping },
  source,
  operator: "bench",
  dryRun: false,
});
const ms = performance.now() - began;
const peak = /VmHWM:\s+(\d+) kB/.exec(readFileSync("/proc/self/status", "utf8"));
process.stdout.write(
  `${JSON.stringify({ ms, runId: result.runId, entities: result.entities, peakMb: peak ? Number(peak[1]) / 1024 : null })}\n`,
);
await engine.close();
await vault.close();
