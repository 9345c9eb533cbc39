/**
 * Takes or restores a snapshot in a process of its own, for tests that kill it: `node worker.ts <json>`. It prints `held` instead of
 * sending the given packet to the server, and waits for ever: so it can be killed before and after every statement.
 */
import { Socket } from "node:net";
import { silentLogger, systemClock } from "@runback/core";
import { openMysql } from "@runback/engines";
import { type Context, createSnapshot, restoreSnapshot } from "@runback/operations";
import { openVault } from "@runback/vault";
import { auditTable } from "../audit-table.ts";

export interface MysqlWorkerJob {
  readonly url: string;
  readonly vaultUrl: string;
  /** Absent: take one. */
  readonly restore?: { readonly snapshotId: string; readonly approval: string };
  /** Packet to hold at; 0 for none. */
  readonly holdAt: number;
}

const job = JSON.parse(String(process.argv[2])) as MysqlWorkerJob;
const port = Number(new URL(job.url).port);
let points = 0;
const write = Socket.prototype.write;
Socket.prototype.write = function (this: Socket, ...args: Parameters<typeof write>) {
  if (this.remotePort === port && ++points === job.holdAt) {
    process.stdout.write("held\n");
    setInterval(() => {}, 60_000);
  }
  if (this.remotePort === port && job.holdAt > 0 && points >= job.holdAt) return true;
  return write.apply(this, args);
} as typeof write;

const engine = openMysql(job.url);
const vault = await openVault(job.vaultUrl);
const context: Context = {
  ...{ engine, vault, clock: systemClock, logger: silentLogger },
  ...{ holder: `worker:${process.pid}`, isDead: () => true },
};
if (job.restore === undefined) await createSnapshot(context, { operator: "ada", auditTable });
else {
  const { snapshotId, approval } = job.restore;
  await restoreSnapshot(context, {
    ...{ snapshotId, approval, operator: "ada", auditTable, migrations: ["membership"], syncStates: [] },
  });
}
process.stdout.write(`${points}\n`);
process.exit(0);
