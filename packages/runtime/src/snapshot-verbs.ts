import { type Engine, type Run, RunbackError, redact } from "@runback/core";
import { openEngine } from "@runback/engines/open-engine";
import * as operations from "@runback/operations";
import { mainTrail } from "./audit-trails.ts";
import type { RunbackConfig } from "./config.ts";

export interface RestoreRequest {
  readonly snapshotId: string;
  readonly operator: string;
  readonly approval?: string;
  /** URL of an empty database to build it in, instead of the target. */
  readonly into?: string;
}

/** Level 2 of one target, wired. */
export interface SnapshotVerbs {
  create(request: {
    readonly operator: string;
    readonly reason?: string;
    readonly retainDays?: number;
  }): Promise<operations.SnapshotResult>;
  /** Records it without taking it: `Runtime.advance` does. */
  start(request: Parameters<SnapshotVerbs["create"]>[0]): Promise<Run>;
  list(): Promise<operations.SnapshotSummary[]>;
  /** @throws `SNAPSHOT_NOT_FOUND`, `SNAPSHOT_DAMAGED` */
  show(snapshotId: string): Promise<operations.SnapshotDetails>;
  verify(snapshotId: string, operator: string): Promise<operations.SnapshotVerification>;
  restore(request: RestoreRequest): Promise<operations.RestoreResult>;
  /** Checks and records it without executing it: `Runtime.advance` does. */
  startRestore(request: Omit<RestoreRequest, "into">): Promise<Run>;
  /** Takes the snapshot, or does the restore, of a run that was recorded. */
  advance(run: Run): Promise<void>;
  /** What a daily schedule calls. @throws `SNAPSHOT_MISSING`, `SNAPSHOT_UNPROVEN`, `SNAPSHOT_OVERDUE` */
  prove(): Promise<operations.SnapshotVerification | null>;
}

export function snapshotVerbs(context: operations.Context, config: RunbackConfig): SnapshotVerbs {
  const auditTable = mainTrail(config);
  const openScratch = () => scratch(context.engine);
  const around = {
    auditTable,
    migrations: config.migrations.map(({ declaration }) => declaration.name),
    syncStates: config.migrations.flatMap(({ declaration }) => declaration.syncState ?? []),
  };
  return {
    start: (request) => operations.startSnapshot(context, { ...request, auditTable }),
    startRestore: (request) => operations.startRestore(context, { ...request, ...around }),
    advance: (run) =>
      run.kind === "restore"
        ? operations.advanceRestore(context, around, run)
        : operations.advanceSnapshot(context, around, run),
    create: (request) => operations.createSnapshot(context, { ...request, auditTable }),
    list: () => operations.listAllSnapshots(context),
    show: (snapshotId) => operations.showSnapshot(context, snapshotId),
    verify: (snapshotId, operator) =>
      operations.verifySnapshot(context, { snapshotId, operator, auditTable, openScratch }),
    restore: async ({ into, ...request }) => {
      if (into === undefined) {
        return await operations.restoreSnapshot(context, { ...request, ...around });
      }
      const other = await openEngine(into);
      try {
        return await operations.restoreSnapshotInto(context, { ...request, into: other, auditTable });
      } finally {
        await other.close();
      }
    },
    prove: () => operations.proveNewestSnapshot(context, { operator: "schedule", auditTable, openScratch }),
  };
}

/** A database beside the target where its user may make one, otherwise one inside this process. */
async function scratch(engine: Engine): Promise<Engine> {
  const port = operations.snapshotPort(engine);
  const beside = await port.scratch();
  if (beside !== undefined) return beside;
  const { openPglite } = await import("@runback/engines");
  const inside = await openPglite(undefined);
  if (inside.snapshots?.family === port.family) return inside;
  await inside.close();
  throw new RunbackError(
    "SCRATCH_UNAVAILABLE",
    `There is nowhere to restore a snapshot of ${redact(engine.location)} to.`,
    {
      recovery: "Let Runback's database user create databases, or restore into an empty one with --into.",
      status: 409,
    },
  );
}
