/**
 * One closing, or the taking back of one, as a process of its own, for tests that kill it: `node closing-worker.ts '<job>'`.
 * Lines on stdout: `{"held":"before commit"}` when it holds at the place `holdAt` counts to, for ever; at last
 * `{"points":n,"runId":…}`.
 */
import { eventParticipants } from "@runback/attendance";
import { silentLogger } from "@runback/core";
import { openEngine } from "@runback/engines";
import { type Context, closeEvent, runRollback } from "@runback/operations";
import { openVault } from "@runback/vault";
import { isDeadHolder, thisHolder } from "../../packages/runtime/src/holder.ts";
import { engineWithPoints } from "../faults/points.ts";

export interface ClosingJob {
  readonly databaseUrl: string;
  readonly vaultUrl: string;
  readonly now: string;
  readonly event: string;
  /** The run to take back; absent: closes the event. */
  readonly reverts?: string;
  readonly holdAt?: number;
}

const auditTable = { schema: "runback", name: "audit" };
const job = JSON.parse(process.argv[2] ?? "") as ClosingJob;
const say = (line: unknown) => process.stdout.write(`${JSON.stringify(line)}\n`);
let points = 0;

const opened = await openEngine(job.databaseUrl);
const vault = await openVault(job.vaultUrl);
const engine = engineWithPoints(opened, async (held) => {
  if (++points !== job.holdAt) return;
  say({ held });
  await new Promise(() => {});
});
const context: Context = {
  ...{ engine, vault, logger: silentLogger, holder: thisHolder, isDead: isDeadHolder, stepRows: 3 },
  clock: { now: () => new Date(job.now) },
};
// A promise that is never kept keeps no process alive.
const alive = setInterval(() => {}, 1_000);
const { event, reverts } = job;
const runId =
  reverts === undefined
    ? (await closeEvent(context, { vocabulary: eventParticipants, event, operator: "worker", auditTable })).runId
    : (await runRollback(context, { runId: reverts, operator: "worker", onConflict: "abort", auditTable }))
        .rollbackRunId;
clearInterval(alive);
await opened.close();
await vault.close();
say({ points, runId });
