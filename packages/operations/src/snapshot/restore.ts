import {
  type Lease,
  qualifiedName,
  type ReplacedRemains,
  type Run,
  RunbackError,
  type SnapshotMoment,
  type TableRef,
} from "@runback/core";
import { type OpenSnapshot, openSnapshot, type WrittenSnapshot } from "@runback/vault";
import { raiseRunAlert, resolveRunAlert } from "../alerts/run-alert.ts";
import { assertApproval } from "../approvals/approvals.ts";
import { appendAudit } from "../audit/append.ts";
import { requireAuditTable } from "../audit/require-audit-table.ts";
import type { Context } from "../context.ts";
import { createRunId } from "../random-id.ts";
import { heartbeat } from "../run/heartbeat.ts";
import { holdLease, releaseLease, takeLease } from "../run/lease-guard.ts";
import { compareContent } from "./compare-content.ts";
import { auditSnapshot, type SnapshotResult, snapshotResult, storeMoment } from "./create.ts";
import { dropReplaced } from "./drop-replaced.ts";
import { refuseTooLarge } from "./refuse-too-large.ts";
import { resetSyncState, type SyncState } from "./reset-sync-state.ts";
import { contentDiffers } from "./restore-errors.ts";
import { snapshotPort } from "./snapshot-port.ts";
import { abortUnfinished, refuseWhileRunning } from "./unfinished-runs.ts";

export interface RestoreOptions {
  readonly snapshotId: string;
  readonly operator: string;
  /** Id of the approval a second person gave over the snapshot's digest. */
  readonly approval?: string;
  readonly auditTable: TableRef;
  /** Migrations of the installation: none of them may write meanwhile. */
  readonly migrations: readonly string[];
  /** Tables that remember the last import, which the restored rows know nothing of. */
  readonly syncStates: readonly SyncState[];
  readonly retainDays?: number;
}

/** The document `snapshot restore --json` prints. */
export interface RestoreResult extends Omit<SnapshotResult, "retainUntil"> {
  /** The restore is a run of its own; null with `--into`. */
  readonly runId: string | null;
  /** What the target was before; null with `--into`. */
  readonly safetySnapshotId: string | null;
  /** Every table's rows were compared with what was captured before anybody could see them. */
  readonly verified: boolean;
  /** Tables that were left as they are: audit trails. */
  readonly kept: readonly string[];
  /** What was replaced and is not dropped yet; `changed` holds objects that somebody made meanwhile. Empty with `--into`. */
  readonly remains: readonly ReplacedRemains[];
}

const migration = "restore";

/**
 * Level 2: puts a snapshot in the place of the whole target. Needs a second person's approval of the snapshot's digest; freezes
 * writes, takes a safety snapshot, loads and compares everything unseen, then switches in one transaction that also holds the audit
 * entry. Killed or failed at any point, the target is as it was.
 *
 * @throws `APPROVAL_REQUIRED`, `LEASE_HELD`, `SNAPSHOT_NOT_FOUND`, `SNAPSHOT_DAMAGED`, `RESTORE_*`: nothing was changed then
 */
export async function restoreSnapshot(context: Context, options: RestoreOptions): Promise<RestoreResult> {
  const run = await startRestore(context, options);
  return await executeRestore(context, options, run.runId);
}

/** Checks what can be checked at once, and records the restore; `advanceRestore` executes it. */
export async function startRestore(context: Context, options: RestoreOptions): Promise<Run> {
  const { engine } = context;
  const port = snapshotPort(engine);
  const opened = await openSnapshot(context.vault, options.snapshotId);
  refuseTooLarge(port, opened.manifest);
  await engine.init();
  await requireAuditTable(context, options.auditTable, ", or restore with --into");
  await assertApproval(context, engine, options.approval, opened.sha256, options.operator);
  const runId = createRunId(context);
  await record(context, options, opened, runId);
  return (await engine.store.run(engine, runId))!;
}

/** Executes a restore that was recorded. One whose process died changed nothing, and is executed anew. */
export async function advanceRestore(
  context: Context,
  options: Pick<RestoreOptions, "auditTable" | "migrations" | "syncStates">,
  run: Run,
): Promise<void> {
  if (run.state !== "running") return;
  const { snapshotId, approval } = run.input as { snapshotId: string; approval: string };
  await executeRestore(context, { ...options, snapshotId, approval, operator: run.operator }, run.runId);
}

async function executeRestore(context: Context, options: RestoreOptions, runId: string): Promise<RestoreResult> {
  const { engine, clock } = context;
  const began = clock.now();
  const port = snapshotPort(engine);
  const leases: Lease[] = [];
  const beating: { stop(): void }[] = [];
  try {
    const opened = await openSnapshot(context.vault, options.snapshotId);
    const source = await opened.source();
    leases.push(...(await takeLeases(context, options.migrations, runId)));
    beating.push(...leases.map((lease) => heartbeat(context, lease)));
    await begin(context, runId, leases);
    const serverVersion = await engine.serverVersion();
    const keep = await engine.audit.tables(engine);
    let safety: WrittenSnapshot | undefined;
    let result: RestoreResult | undefined;
    await port.replace(source, keep, {
      frozen: async (moment) => {
        safety = await storeMoment(context, moment, serverVersion, {
          operator: options.operator,
          reason: `before-restore of ${options.snapshotId}`,
          ...(options.retainDays === undefined ? {} : { retainDays: options.retainDays }),
        });
      },
      loaded: async (moment) => assertContent(moment, opened),
      onTable: (done, total) => context.onProgress?.({ runId, phase: "restore", done, total }),
      switched: async (tx) => {
        for (const lease of leases) await holdLease(context, tx, lease);
        await assertApproval(context, tx, options.approval, opened.sha256, options.operator);
        for (const state of options.syncStates) await resetSyncState(engine, tx, state);
        const aborted = await abortUnfinished(context, tx, runId);
        const completedAt = clock.now();
        result = {
          ...(({ retainUntil: _, ...rest }) => rest)(
            snapshotResult({ manifest: opened.manifest, sha256: opened.sha256 }),
          ),
          runId,
          durationMs: completedAt.getTime() - began.getTime(),
          safetySnapshotId: safety!.manifest.snapshotId,
          verified: true,
          kept: keep.map(qualifiedName),
          remains: [],
        };
        await engine.store.updateRun(tx, runId, {
          state: "completed",
          result,
          addRows: opened.manifest.rows,
          completedAt: completedAt.toISOString(),
        });
        await resolveRunAlert(context, tx, runId);
        await auditSnapshot(context, tx, options, safety!);
        await appendAudit(tx, engine.dialect, options.auditTable, "migration:rollback:level2", {
          run_id: runId,
          backup_file: `${context.vault.location}/snapshots/${options.snapshotId}`,
          restored_from: options.snapshotId,
          restore_time: completedAt.toISOString(),
          taken_at: opened.manifest.takenAt,
          operator: options.operator,
          approval: options.approval,
          safety_snapshot: safety!.manifest.snapshotId,
          rows: opened.manifest.rows,
          sha256: opened.sha256,
          aborted_runs: aborted,
          duration: Math.ceil(result.durationMs / 1000),
        });
        for (const lease of leases) await engine.store.releaseLease(tx, lease);
      },
    });
    return { ...result!, remains: await afterwards(context, runId) };
  } catch (error) {
    await recordFailure(context, options, runId, error);
    for (const lease of leases) await releaseLease(context, lease).catch(() => {});
    throw error;
  } finally {
    for (const beat of beating) beat.stop();
  }
}

/** The restore is complete whatever becomes of what it replaced; the retention sweep tries again. */
async function afterwards(context: Context, runId: string): Promise<readonly ReplacedRemains[]> {
  try {
    return await dropReplaced(context);
  } catch (error) {
    const code = error instanceof RunbackError ? error.code : "UNEXPECTED";
    context.logger.log("warn", "restore.remains", { run_id: runId, code });
    return [{ name: "everything that was replaced", why: "in use" }];
  }
}

async function assertContent(moment: SnapshotMoment, opened: OpenSnapshot): Promise<void> {
  const different = await compareContent(moment, opened.manifest);
  if (different.length > 0) throw contentDiffers(different);
}

/** All or none. */
async function takeLeases(context: Context, migrations: readonly string[], runId: string): Promise<Lease[]> {
  const taken: Lease[] = [];
  try {
    for (const name of [migration, ...migrations]) taken.push(await takeLease(context, `migration:${name}`, runId));
    return taken;
  } catch (error) {
    for (const lease of taken) await releaseLease(context, lease).catch(() => {});
    throw error;
  }
}

async function begin(context: Context, runId: string, leases: readonly Lease[]): Promise<void> {
  const { engine } = context;
  await engine.transaction(async (tx) => {
    for (const lease of leases) await holdLease(context, tx, lease);
    // Somebody else may have come to the end of it, or given it up, since it was looked up.
    const run = await engine.store.run(tx, runId);
    if (run?.state !== "running") {
      throw new RunbackError("RUN_NOT_RESUMABLE", `Restore ${runId} is ${run?.state ?? "unknown"}.`, {
        recovery: "Nothing is left to do. Start a new restore instead.",
        status: 409,
      });
    }
    await refuseWhileRunning(context, tx, runId);
  });
}

async function record(
  context: Context,
  { snapshotId, operator, approval, auditTable }: RestoreOptions,
  opened: OpenSnapshot,
  runId: string,
): Promise<void> {
  const { engine, clock } = context;
  await engine.transaction(async (tx) => {
    await refuseWhileRunning(context, tx);
    await engine.store.createRun(tx, {
      runId,
      kind: "restore",
      mode: "live",
      migration,
      operator,
      startedAt: clock.now().toISOString(),
      planDigest: opened.sha256,
      input: { snapshotId, approval, auditTable },
    });
    await appendAudit(tx, engine.dialect, auditTable, "migration:rollback:started", {
      run_id: runId,
      snapshot_id: snapshotId,
      operator,
      approval,
      plan: opened.sha256,
    });
  });
}

/** Nothing is left of a restore that failed: it is not resumed, a new one begins. */
async function recordFailure(
  context: Context,
  { auditTable }: RestoreOptions,
  runId: string,
  error: unknown,
): Promise<void> {
  const { engine, logger } = context;
  const code = error instanceof RunbackError ? error.code : "UNEXPECTED";
  const message = error instanceof Error ? error.message : String(error);
  logger.log("error", "restore.failed", { run_id: runId, code, message });
  await engine
    .transaction(async (tx) => {
      const run: Run | undefined = await engine.store.run(tx, runId);
      // The answer to the COMMIT may have been lost: then it is complete, and says so.
      if (run?.state !== "running") return;
      await engine.store.updateRun(tx, runId, { state: "aborted", error: { code, message } });
      await raiseRunAlert(context, tx, run, code);
      await appendAudit(tx, engine.dialect, auditTable, "migration:failed", {
        run_id: runId,
        error: code,
        last_batch: null,
      });
    })
    .catch(() => {});
}
