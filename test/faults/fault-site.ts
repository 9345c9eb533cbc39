import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type Engine, newRunId, silentLogger } from "@runback/core";
import { openEngine } from "@runback/engines";
import type { Context } from "@runback/operations";
import { openVault } from "@runback/vault";
import { isDeadHolder, thisHolder } from "../../packages/runtime/src/holder.ts";
import { createDatabase } from "../support/database.ts";
import { createMysqlDatabase } from "../support/mysql-database.ts";
import { type FaultyNetwork, startFaultyNetwork } from "./faulty-network.ts";
import type { Job } from "./job.ts";
import { startWorker, type WorkerEnd } from "./start-worker.ts";
import { scratchFolder } from "./targets.ts";

export const faultFamilies = ["postgres", "mysql", "sqlite"] as const;
export type FaultFamily = (typeof faultFamilies)[number];

const hourMs = 3_600_000;

/** How a process is disturbed where it stands. */
export const blows = ["kill", "kill inside", "reset", "answer lost", "session ended"] as const;
export type Blow = (typeof blows)[number];

/** Those that a target can be hit by: a file has no connection to lose. */
export const blowsOn = (name: FaultFamily): readonly Blow[] => (name === "sqlite" ? blows.slice(0, 2) : blows);

export interface FaultSite extends AsyncDisposable {
  readonly engine: Engine;
  readonly context: Context;
  readonly job: Pick<Job, "databaseUrl" | "vaultUrl" | "source">;
  now: Date;
  later(hours: number): void;
  /** A process on the same target, disturbed at the n-th place it can be at or at one by name, unless it ends before. */
  disturbed(job: Pick<Job, "action"> & Partial<Job>, holdAt: number | string, blow: Blow): Promise<Disturbed>;
}

export interface Disturbed extends WorkerEnd {
  /** Where it stood; undefined when it came to its end before. */
  readonly held: string | undefined;
}

let jobs = 0;

/** A target that other processes can be started on, with a vault and a clock that stands still. */
export async function faultSite(name: FaultFamily): Promise<FaultSite> {
  const folder = scratchFolder("site");
  const database =
    name === "postgres" ? await createDatabase() : name === "mysql" ? await createMysqlDatabase() : undefined;
  const databaseUrl = database?.url ?? `sqlite://${join(folder.path, "target.db")}`;
  const vaultUrl = pathToFileURL(join(folder.path, "vault")).href;
  const engine = await openEngine(databaseUrl);
  await engine.init();
  await engine.transaction((tx) => engine.protectAudit(tx, { schema: "runback", name: "audit" }));
  const vault = await openVault(vaultUrl);
  const site: FaultSite = {
    engine,
    job: { databaseUrl, vaultUrl, source: "" },
    // Not before the system's: vaults refuse a retention that has passed.
    now: new Date(),
    later: (hours) => {
      site.now = new Date(site.now.getTime() + hours * hourMs);
    },
    context: {
      ...{ engine, vault, clock: { now: () => site.now }, logger: silentLogger },
      ...{ holder: thisHolder, isDead: isDeadHolder },
    },
    disturbed: async (job, holdAt, blow) => {
      await using network =
        blow === "kill" || blow === "kill inside" ? undefined : await startFaultyNetwork(databaseUrl);
      const worker = startWorker({
        ...site.job,
        ...(network === undefined ? {} : { databaseUrl: network.url }),
        ...{ runId: newRunId(site.now, (++jobs).toString(16).padStart(6, "0")), now: site.now.toISOString() },
        ...{ holdAt, goOn: blow === "kill inside" },
        ...job,
      });
      const held = await worker.held;
      if (held !== undefined) await strike(engine, network, blow, worker);
      return { ...(await worker.end), held };
    },
    [Symbol.asyncDispose]: async () => {
      await engine.close();
      await vault.close();
      await database?.drop();
      folder.remove();
    },
  };
  return site;
}

async function strike(
  engine: Engine,
  network: FaultyNetwork | undefined,
  blow: Blow,
  worker: ReturnType<typeof startWorker>,
): Promise<void> {
  if (network === undefined || blow === "kill" || blow === "kill inside") return await worker.kill();
  if (blow === "session ended") await endSessions(engine, network.ports());
  // At the next bytes it sends; when it sends none any more, it is through.
  else void network.cut({ at: { bytes: 0 }, how: blow, all: false });
  worker.go();
}

/** As a server does that is shut down, or an administrator. */
async function endSessions(engine: Engine, ports: readonly number[]): Promise<void> {
  for (const port of ports) {
    if (engine.name === "mysql") {
      const { rows } = await engine.query<{ id: number }>(
        "SELECT id FROM information_schema.processlist WHERE host LIKE $1",
        [`%:${port}`],
      );
      for (const { id } of rows) await engine.script(`KILL ${Number(id)}`).catch(() => {});
    } else
      await engine.query("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE client_port = $1", [port]);
  }
}
