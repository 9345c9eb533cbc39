import { attendanceIndex, auditName, participantsName, removedName } from "@runback/attendance";
import { type Connection, findTable, type Lease, type Run, type Table, type TableRef } from "@runback/core";
import { assertApproval } from "../../approvals/approvals.ts";
import { appendAudit } from "../../audit/append.ts";
import type { Context } from "../../context.ts";
import { holdLease } from "../../run/lease-guard.ts";
import { closeAnchor } from "../audit/scan.ts";
import { ask, readLive } from "../migration/read-live.ts";
import { shortLocks } from "../migration/short-locks.ts";
import { type AuditExport, exportAuditRows } from "./export-audit.ts";
import { type RemovalPlan, removalPlan, triggerKeys } from "./removal-plan.ts";
import type { AttendanceRemoval, document } from "./remove.ts";

export interface RemovalCheckpoint {
  readonly phase: "export" | "drop" | "close";
  readonly export: AuditExport | null;
}

interface Step {
  readonly context: Context;
  readonly auditTable: TableRef;
  readonly run: Run;
  readonly lease: Lease;
  readonly checkpoint: RemovalCheckpoint;
}

/** The next part of a removal; true when it is complete. */
export async function removalStep(
  context: Context,
  auditTable: TableRef,
  runId: string,
  lease: Lease,
): Promise<boolean> {
  const run = (await context.engine.store.run(context.engine, runId))!;
  const step = { context, auditTable, run, lease, checkpoint: run.checkpoint as RemovalCheckpoint };
  const { phase } = step.checkpoint;
  if (phase === "close") return await closeStep(step);
  if (context.engine.capabilities.transactionalDdl) return await atOnce(step);
  return phase === "export" ? await exportStep(step) : await dropStep(step);
}

/** Under a name that nobody writes to: what is exported is all there will ever be. */
async function putAside({ context: { engine } }: Step, tx: Connection, { audit, auditRef }: RemovalPlan) {
  if (audit === undefined) return undefined;
  if (audit.name !== removedName) await tx.query(engine.dialect.ddl.rename(auditRef, removedName));
  return { ...audit, name: removedName };
}

/** Whoever goes on with a run that stopped before anything went needs what its beginning needed. */
async function stillApproved({ context, run }: Step, tx: Connection, plan: RemovalPlan): Promise<void> {
  if (plan.halfRemoved) return;
  await assertApproval(context, tx, (run.input as { approval: string }).approval, plan.digest, run.operator);
}

async function recordExport({ context, auditTable, run }: Step, tx: Connection, exported: AuditExport | null) {
  if (exported === null) return;
  await appendAudit(tx, context.engine.dialect, auditTable, "attendance:audit:exported", {
    ...{
      rollback_run_id: run.runId,
      table: auditName,
      key: exported.key,
      rows: exported.rows,
      sha256: exported.sha256,
    },
  });
}

/** Export and removal in one transaction: a failure of either leaves everything as it was. */
async function atOnce(step: Step): Promise<boolean> {
  const { context, run, lease, auditTable } = step;
  const { engine } = context;
  const plan = await removalPlan(context);
  await shortLocks(engine, async (tx) => {
    await holdLease(context, tx, lease);
    await stillApproved(step, tx, plan);
    const aside = await putAside(step, tx, plan);
    const exported =
      aside === undefined
        ? null
        : await exportAuditRows(context, tx, { table: aside, as: plan.auditRef, runId: run.runId });
    for (const drop of drops(context, plan, aside)) await drop(tx);
    await engine.store.updateRun(tx, run.runId, { checkpoint: { phase: "close", export: exported } });
    await recordExport(step, tx, exported);
    await appendAudit(tx, engine.dialect, auditTable, "migration:rollback:step", {
      rollback_run_id: run.runId,
      removed: plan.removes,
    });
  });
  return false;
}

/** Where each change of the schema stays: the audit is put aside first, and back when it cannot be exported. */
async function exportStep(step: Step): Promise<boolean> {
  const { context, run, lease } = step;
  const { engine } = context;
  const plan = await removalPlan(context);
  const aside = await shortLocks(engine, async (tx) => {
    await holdLease(context, tx, lease);
    await stillApproved(step, tx, plan);
    return await putAside(step, tx, plan);
  });
  let exported: AuditExport | null = null;
  try {
    if (aside)
      exported = await engine.transaction(
        (tx) => exportAuditRows(context, tx, { table: aside, as: plan.auditRef, runId: run.runId }),
        { isolation: "snapshot", readOnly: true },
      );
  } catch (error) {
    // Writers get their table back. When even that fails, the next call finds it under its last name and goes on.
    if (aside)
      await shortLocks(engine, async (tx) => void (await tx.query(engine.dialect.ddl.rename(aside, auditName)))).catch(
        () => {},
      );
    throw error;
  }
  await engine.transaction(async (tx) => {
    await holdLease(context, tx, lease);
    await engine.store.updateRun(tx, run.runId, { checkpoint: { phase: "drop", export: exported } });
    await recordExport(step, tx, exported);
  });
  return false;
}

/** One removal at a time; what is gone already is not found any more. */
async function dropStep(step: Step): Promise<boolean> {
  const { context, run, lease, checkpoint, auditTable } = step;
  const { engine } = context;
  const plan = await removalPlan(context);
  const aside = plan.halfRemoved ? plan.audit : undefined;
  const [next] = drops(context, plan, aside);
  await shortLocks(engine, async (tx) => {
    await holdLease(context, tx, lease);
    await next?.(tx);
    if (next !== undefined) return;
    await engine.store.updateRun(tx, run.runId, { checkpoint: { ...checkpoint, phase: "close" } });
    const { plan: planned } = run.input as { plan: ReturnType<typeof document> };
    await appendAudit(tx, engine.dialect, auditTable, "migration:rollback:step", {
      rollback_run_id: run.runId,
      removed: planned.removes,
    });
  });
  return false;
}

type Drop = (tx: Connection) => Promise<void>;

function drops(context: Context, plan: RemovalPlan, aside: Table | undefined): Drop[] {
  const { engine } = context;
  const { dialect, reshape } = engine;
  const { ddl } = dialect;
  const list: Drop[] = [];
  if (aside !== undefined)
    list.push(async (tx) => {
      await tx.query(`DROP TABLE ${dialect.table(aside)}`);
      // Triggers went with the table; what they called did not everywhere.
      for (const { drop } of ddl.refuseChanges(plan.auditRef, triggerKeys))
        for (const sql of drop) await tx.script(sql);
    });
  const { participants } = plan;
  if (participants === undefined) return list;
  if (plan.removes.includes(attendanceIndex.name))
    list.push(async (tx) => {
      await keepKeyIndexed(context, tx, participants);
      const effect = { kind: "index", name: attendanceIndex.name, present: false } as const;
      await reshape.alter(tx, participants, ddl.dropIndex(attendanceIndex.name, participants), effect);
    });
  for (const name of plan.columns)
    list.push(async (tx) => {
      const live = findTable(await engine.catalog(tx), `${participants.schema}.${participantsName}`)!;
      await reshape.alter(tx, live, ddl.dropColumn(live, name), { kind: "column", name, present: false });
    });
  return list;
}

/**
 * A server that makes an index of its own for a foreign key drops it when the migration's index, which begins with the same
 * column, comes; without another it then refuses to let that one go.
 */
async function keepKeyIndexed({ engine }: Context, tx: Connection, participants: Table): Promise<void> {
  const { ddl } = engine.dialect;
  const [column] = attendanceIndex.columns;
  if (!ddl.keysNeedIndex || !participants.foreignKeys.some(({ columns }) => columns[0] === column)) return;
  const others = (
    await ask<{ name: string; column_name: string | null; at: number }>(tx, ddl.indexes(participants))
  ).filter(({ name, at, column_name }) => name !== attendanceIndex.name && Number(at) === 1 && column_name === column);
  if (others.length === 0) await tx.query(ddl.createIndex(column, participants, [column]));
}

async function closeStep({ context, auditTable, run, lease, checkpoint }: Step): Promise<boolean> {
  const { engine, clock } = context;
  const { participants } = await readLive(engine);
  await closeAnchor(context, { schema: participants?.schema ?? "public", name: auditName });
  const input = run.input as { plan: ReturnType<typeof document>; snapshotId: string; auditProblems: number };
  const completedAt = clock.now();
  const result: AttendanceRemoval = {
    ...{ runId: run.runId, ...input.plan, snapshotId: input.snapshotId },
    ...{ export: checkpoint.export, auditProblems: input.auditProblems },
    durationMs: completedAt.getTime() - Date.parse(run.startedAt),
  };
  await engine.transaction(async (tx) => {
    await holdLease(context, tx, lease);
    await engine.store.updateRun(tx, run.runId, {
      ...{ state: "completed", result },
      completedAt: completedAt.toISOString(),
    });
    await appendAudit(tx, engine.dialect, auditTable, "attendance:removed", {
      ...{ rollback_run_id: run.runId, operator: run.operator, removed: input.plan.removes },
      ...{ export: checkpoint.export, snapshot_id: input.snapshotId },
    });
    await engine.store.releaseLease(tx, lease);
  });
  return true;
}
