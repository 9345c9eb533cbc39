import { type Run, RunbackError, type TableRef } from "@runback/core";
import { listSnapshots, openSnapshot } from "@runback/vault";
import { assertApproval } from "../../approvals/approvals.ts";
import { appendAudit } from "../../audit/append.ts";
import { requireAuditTable } from "../../audit/require-audit-table.ts";
import type { Context } from "../../context.ts";
import { createRunId } from "../../random-id.ts";
import { advanceSteps, stopped } from "../../run/advance.ts";
import { attempt } from "../../run/attempt.ts";
import { createSnapshot } from "../../snapshot/create.ts";
import { scanAttendanceAudit } from "../audit/scan.ts";
import { attendanceLease, attendanceMigration, unfinished } from "../migration/unfinished.ts";
import type { AuditExport } from "./export-audit.ts";
import { type RemovalPlan, removalPlan } from "./removal-plan.ts";
import { type RemovalCheckpoint, removalStep } from "./removal-step.ts";

/** The document `attendance rollback --json` prints. */
export interface AttendanceRemoval {
  /** Null with `--plan`, and when there was nothing to remove. */
  readonly runId: string | null;
  readonly removes: readonly string[];
  readonly auditRows: number;
  /** Participants whose attendance was known. */
  readonly known: number;
  /** What an approval signs. */
  readonly digest: string;
  /** True: everything goes at once or not at all. False: each removal commits by itself, and the next call goes on. */
  readonly atomic: boolean;
  readonly snapshotId: string | null;
  readonly export: AuditExport | null;
  /** Findings of the last comparison with what was anchored: rows that were changed before they were exported. */
  readonly auditProblems: number | null;
  readonly durationMs: number;
}

export interface RemovalOptions {
  readonly operator: string;
  readonly approval?: string;
  readonly auditTable: TableRef;
}

const dayMs = 24 * 60 * 60 * 1000;

/** What would go, with nothing changed, and the digest that an approval signs. */
export async function planAttendanceRemoval(context: Context): Promise<AttendanceRemoval> {
  const began = context.clock.now().getTime();
  const plan = await removalPlan(context);
  return {
    ...document(context, plan),
    ...{ runId: null, snapshotId: null, export: null, auditProblems: null },
    durationMs: context.clock.now().getTime() - began,
  };
}

export function document({ engine }: Context, { removes, auditRows, known, digest }: RemovalPlan) {
  return { removes, auditRows, known, digest, atomic: engine.capabilities.transactionalDdl };
}

/**
 * Takes the attendance schema back: a snapshot first unless there is one of the last day, then the audit rows to the vault,
 * read back and compared, then triggers, table, index and columns. Needs a second person's approval of the plan's digest.
 * Interrupted anywhere, the next call goes on.
 *
 * @throws `APPROVAL_REQUIRED`, `ATTENDANCE_EXPORT_UNVERIFIED`, `SNAPSHOTS_UNSUPPORTED`, `LEASE_HELD`: nothing was removed then
 */
export async function removeAttendance(context: Context, options: RemovalOptions): Promise<AttendanceRemoval> {
  const run = await startAttendanceRemoval(context, options);
  if (run === null) return await planAttendanceRemoval(context);
  if (!(await advanceAttendanceRemoval(context, run.runId))) throw stopped(run.runId, "runback attendance rollback");
  return (await context.engine.store.run(context.engine, run.runId))!.result as AttendanceRemoval;
}

/** Records the run, or finds the one that was interrupted. Null when there is nothing to remove. */
export async function startAttendanceRemoval(
  context: Context,
  { operator, approval: given, auditTable }: RemovalOptions,
): Promise<Run | null> {
  const { engine, clock } = context;
  await engine.init();
  await requireAuditTable(context, auditTable);
  const interrupted = await unfinished(context, "rollback");
  const plan = await removalPlan(context);
  if (interrupted && (plan.halfRemoved || (interrupted.checkpoint as RemovalCheckpoint).phase !== "export"))
    return interrupted;
  // Nothing is gone yet: it is begun anew, and has to be approved for what is there now.
  const approval = given ?? (interrupted?.input as { approval?: string } | undefined)?.approval;
  if (plan.removes.length === 0) return null;
  await assertApproval(context, engine, approval, plan.digest, operator);
  const scan = await scanAttendanceAudit(context, { readOnly: true });
  const snapshotId = await recentSnapshot(context, { operator, auditTable });
  const halfMade = await unfinished(context, "migrate");
  const runId = createRunId(context);
  const checkpoint: RemovalCheckpoint = { phase: "export", export: null };
  await engine.transaction(async (tx) => {
    // Looked at again where it counts: nothing else may have come to be removed since it was approved.
    await assertApproval(context, tx, approval, plan.digest, operator);
    await engine.store.createRun(tx, {
      ...{ runId, kind: "attendance", mode: "live", migration: attendanceMigration, operator },
      startedAt: clock.now().toISOString(),
      planDigest: plan.digest,
      input: {
        ...{ verb: "rollback", auditTable, approval, snapshotId, auditProblems: scan.problemCount },
        plan: document(context, plan),
      },
    });
    await engine.store.updateRun(tx, runId, { checkpoint });
    // A migration that stopped half way must not be gone on with over its own undoing.
    for (const run of [halfMade, interrupted]) {
      const error = { code: "ROLLED_BACK", message: `taken back by ${runId}` };
      if (run) await engine.store.updateRun(tx, run.runId, { state: "aborted", error });
    }
    await appendAudit(tx, engine.dialect, auditTable, "migration:rollback:started", {
      ...{ rollback_run_id: runId, operator, approval, snapshot_id: snapshotId, plan: plan.digest },
      removes: plan.removes,
    });
  });
  return (await engine.store.run(engine, runId))!;
}

/** The newest snapshot of this target if it is of the last day, otherwise a new one. */
async function recentSnapshot(
  context: Context,
  { operator, auditTable }: Pick<RemovalOptions, "operator" | "auditTable">,
): Promise<string> {
  const { engine, vault, clock } = context;
  const [newest] = await listSnapshots(vault);
  const opened = newest === undefined ? undefined : await openSnapshot(vault, newest).catch(() => undefined);
  if (opened?.manifest.location === engine.location) {
    const age = clock.now().getTime() - Date.parse(opened.manifest.takenAt);
    if (age >= 0 && age < dayMs) return newest!;
  }
  return (await createSnapshot(context, { operator, auditTable, reason: "before attendance rollback" })).snapshotId;
}

/** Commits steps of a recorded removal until the budget is spent; true when it is complete. */
export async function advanceAttendanceRemoval(
  context: Context,
  runId: string,
  budgetMs = Number.POSITIVE_INFINITY,
): Promise<boolean> {
  const run = await context.engine.store.run(context.engine, runId);
  const input = run?.input as { verb?: string; auditTable: TableRef } | null | undefined;
  if (run?.migration !== attendanceMigration || input?.verb !== "rollback") {
    throw new RunbackError("RUN_NOT_FOUND", `There is no attendance rollback ${runId} on this target.`, {
      recovery: "List the runs with `runback runs`.",
      status: 404,
    });
  }
  return await attempt(
    context,
    { runId, leaseName: attendanceLease, auditTable: input.auditTable, operation: "attendance.rollback" },
    (lease) => advanceSteps(context, () => removalStep(context, input.auditTable, runId, lease!), budgetMs),
  );
}
