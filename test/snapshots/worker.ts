/**
 * Takes or restores a snapshot in a process of its own, for tests that kill it: `node worker.ts <json>`. It prints `held` and
 * waits for ever at the given point, counted in chunks that pass to and from the vault and in tables that were loaded.
 */
import { silentLogger, systemClock, type Vault } from "@runback/core";
import { openEngine } from "@runback/engines";
import { type Context, createSnapshot, restoreSnapshot } from "@runback/operations";
import { openVault } from "@runback/vault";
import { auditTable } from "./audit-table.ts";

export interface WorkerJob {
  readonly url: string;
  readonly vaultUrl: string;
  /** Absent: take one. */
  readonly restore?: { readonly snapshotId: string; readonly approval: string };
  readonly holdAt: number;
}

const job = JSON.parse(String(process.argv[2])) as WorkerJob;
const engine = await openEngine(job.url);
const inner = await openVault(job.vaultUrl);
let points = 0;
// A timer, since a promise alone keeps no process alive.
setInterval(() => {}, 60_000).unref();

async function point(): Promise<void> {
  points += 1;
  if (points !== job.holdAt) return;
  process.stdout.write("held\n");
  setInterval(() => {}, 60_000);
  await new Promise(() => {});
}

async function* passing(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    await point();
    yield chunk;
  }
  await point();
}

const vault: Vault = {
  location: inner.location,
  put: async (key, body, options) => {
    await point();
    const result = await inner.put(key, body instanceof Uint8Array ? body : passing(body), options);
    await point();
    return result;
  },
  get: (key, options) => passing(inner.get(key, options)),
  head: (key) => inner.head(key),
  list: (prefix) => inner.list(prefix),
  delete: (key) => inner.delete(key),
  close: () => inner.close(),
};
const context: Context = {
  engine,
  vault,
  clock: systemClock,
  logger: silentLogger,
  holder: `worker:${process.pid}`,
  isDead: () => true,
};
if (job.restore === undefined) await createSnapshot(context, { operator: "ada", auditTable });
else {
  const { snapshotId, approval } = job.restore;
  await restoreSnapshot(context, {
    ...{ snapshotId, approval, operator: "ada", auditTable, migrations: ["membership"], syncStates: [] },
  });
}
process.stdout.write(`${points}\n`);
await engine.close();
await vault.close();
process.exit(0);
