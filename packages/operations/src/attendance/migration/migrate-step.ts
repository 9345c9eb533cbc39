import { participantKey } from "@runback/attendance";
import { type Connection, type Lease, type Run, RunbackError, type Table, type TableRef } from "@runback/core";
import { appendAudit } from "../../audit/append.ts";
import type { Context } from "../../context.ts";
import { nextStepRows } from "../../run/advance.ts";
import { holdLease } from "../../run/lease-guard.ts";
import { lastScan, scanAttendanceAudit } from "../audit/scan.ts";
import { keyParam } from "./key-param.ts";
import type { AttendanceMigration } from "./migrate-options.ts";
import { assertNoObstacle, countUnset, livePlan, type planDocument } from "./plan.ts";
import { readLive } from "./read-live.ts";
import { shortLocks } from "./short-locks.ts";

export interface MigrateCheckpoint {
  readonly phase: "schema" | "enroll" | "backfill";
  /** The last participant's key that the backfill has seen. */
  readonly after: string | null;
  readonly set: number;
  /** How often the backfill went through the table. */
  readonly passes: number;
  readonly stepRows: number;
}

/** Whoever keeps writing NULL is not waited for. */
const passesAtMost = 10;

/** The next step: a schema change, or rows that get their status. True when the migration is complete. */
export async function migrateStep(
  context: Context,
  auditTable: TableRef,
  runId: string,
  lease: Lease,
): Promise<boolean> {
  const run = (await context.engine.store.run(context.engine, runId))!;
  const checkpoint = run.checkpoint as MigrateCheckpoint;
  const step = { context, auditTable, run, lease, checkpoint };
  if (checkpoint.phase === "schema") return await schemaStep(step);
  if (checkpoint.phase === "enroll") return await enrollStep(step);
  return await backfillStep(step);
}

interface Step {
  readonly context: Context;
  readonly auditTable: TableRef;
  readonly run: Run;
  readonly lease: Lease;
  readonly checkpoint: MigrateCheckpoint;
}

/** All at once where that can be taken back, otherwise one: what was made stays, and is found by the next look. */
async function schemaStep({ context, auditTable, run, lease, checkpoint }: Step): Promise<boolean> {
  const { engine, clock } = context;
  const found = await livePlan(engine);
  assertNoObstacle(found);
  const { steps } = found.plan;
  const now = engine.capabilities.transactionalDdl ? steps : steps.slice(0, 1);
  const began = clock.now().getTime();
  await shortLocks(engine, async (tx) => {
    await holdLease(context, tx, lease);
    for (const step of now) await makeOnce(engine, tx, step);
    for (const { object } of now)
      await engine.store.addStep(tx, {
        ...{ runId: run.runId, name: object, rows: 0 },
        durationMs: clock.now().getTime() - began,
      });
    if (now.length === steps.length)
      await engine.store.updateRun(tx, run.runId, { checkpoint: { ...checkpoint, phase: "enroll" } });
    if (now.length > 0)
      await appendAudit(tx, engine.dialect, auditTable, "migration:step", {
        run_id: run.runId,
        changed: now.map(({ object }) => object),
      });
  });
  return false;
}

/**
 * A server goes on with the statement of a process that died: where each commits by itself, it may have been made while this one
 * waited for its turn.
 */
async function makeOnce(
  engine: Context["engine"],
  tx: Connection,
  { sql, object }: { readonly sql: string; readonly object: string },
): Promise<void> {
  try {
    await tx.query(sql);
  } catch (error) {
    if (engine.capabilities.transactionalDdl) throw error;
    const { plan } = await livePlan(engine);
    if (plan.steps.some((step) => step.object === object)) throw error;
  }
}

async function enrollStep({ context, run, lease, checkpoint }: Step): Promise<boolean> {
  const { engine } = context;
  const { participants } = await readLive(engine);
  await shortLocks(engine, async (tx) => {
    await holdLease(context, tx, lease);
    await engine.journal.enroll(tx, [participants!], { updates: ["attendance_status"] });
    await engine.store.updateRun(tx, run.runId, { checkpoint: { ...checkpoint, phase: "backfill" } });
  });
  return false;
}

const backfillLockMs = 30_000;

/** The next participants without a status, in the order of their key. A status that somebody sets meanwhile stays. */
async function backfillStep(step: Step): Promise<boolean> {
  const { context, auditTable, run, lease, checkpoint } = step;
  const { engine, clock } = context;
  const { dialect } = engine;
  const { participants } = await readLive(engine);
  const table = dialect.table(participants!);
  const [key, status] = [dialect.id(participantKey), dialect.id("attendance_status")];
  const began = clock.now().getTime();
  const limit = context.stepRows ?? checkpoint.stepRows;
  const done = await engine.transaction(
    async (tx) => {
      await engine.journal.begin(tx, run.runId);
      const from =
        checkpoint.after === null ? "" : ` AND ${key} > ${keyParam(engine, participants!, participantKey, 1)}`;
      const values = checkpoint.after === null ? [] : [checkpoint.after];
      const bound = await tx.query<{ bound: string }>(
        `SELECT ${dialect.cast(key, "text")} AS bound FROM ${table} WHERE ${status} IS NULL${from} ORDER BY ${key} LIMIT 1 OFFSET ${limit - 1}`,
        values,
      );
      const through = bound.rows[0]?.bound;
      const to =
        through === undefined
          ? ""
          : ` AND ${key} <= ${keyParam(engine, participants!, participantKey, values.length + 1)}`;
      const { count } = await tx.query(
        `UPDATE ${table} SET ${status} = ${dialect.literal("unknown")} WHERE ${status} IS NULL${from}${to}`,
        through === undefined ? values : [...values, through],
      );
      await holdLease(context, tx, lease);
      const durationMs = clock.now().getTime() - began;
      const set = checkpoint.set + count;
      const next: MigrateCheckpoint = {
        ...checkpoint,
        ...{ set, after: through ?? null, passes: checkpoint.passes + (through === undefined ? 1 : 0) },
        stepRows: count === 0 ? checkpoint.stepRows : nextStepRows(count, durationMs),
      };
      await engine.store.updateRun(tx, run.runId, { checkpoint: next, addRows: count });
      if (count > 0) {
        await engine.store.addStep(tx, { runId: run.runId, name: "backfill", rows: count, durationMs });
        await appendAudit(tx, engine.dialect, auditTable, "migration:step", {
          ...{ run_id: run.runId, entity: participants!.name, updated: count, through: through ?? null },
        });
      }
      return { set, count, last: through === undefined };
    },
    { lockTimeoutMs: backfillLockMs },
  );
  context.onProgress?.({ runId: run.runId, phase: "backfill", done: done.set, total: done.set });
  if (!done.last) return false;
  return await conclude(step, done.set);
}

/** Complete when a look at the whole table finds nobody without a status, and nothing of the schema missing. */
async function conclude({ context, auditTable, run, lease, checkpoint }: Step, set: number): Promise<boolean> {
  const { engine, clock } = context;
  const found = await livePlan(engine);
  assertNoObstacle(found);
  const left = await countUnset(engine, engine, found.live);
  if (left > 0) {
    if (checkpoint.passes + 1 < passesAtMost) return false;
    throw new RunbackError("ATTENDANCE_BACKFILL_INCOMPLETE", `${left} participants still have no attendance status.`, {
      recovery: `Something writes NULL faster than it is set. What was set is kept: find the writer, then run \`runback attendance migrate\` again, or take it back with \`runback rollback ${run.runId}\`.`,
      exit: 1,
      status: 409,
      details: { left },
    });
  }
  await firstAnchor(context, found.live.audit!);
  const completedAt = clock.now();
  const planned = (run.input as { plan: ReturnType<typeof planDocument> }).plan;
  const result: AttendanceMigration = {
    ...{ runId: run.runId, dryRun: false, ...planned, backfill: set },
    durationMs: completedAt.getTime() - Date.parse(run.startedAt),
  };
  await engine.transaction(async (tx: Connection) => {
    await holdLease(context, tx, lease);
    await engine.store.updateRun(tx, run.runId, {
      ...{ state: "completed", result },
      completedAt: completedAt.toISOString(),
    });
    await appendAudit(tx, engine.dialect, auditTable, "migration:completed", {
      ...{ run_id: run.runId, operator: run.operator, counts: { backfilled: set } },
      changed: planned.steps.map(({ object }) => object),
      duration: Math.ceil(result.durationMs / 1000),
    });
    await engine.store.releaseLease(tx, lease);
  });
  return true;
}

/** From here on a scan has something to compare with. */
export async function firstAnchor(context: Context, audit: Table): Promise<void> {
  if ((await lastScan(context, audit)) === null) await scanAttendanceAudit(context);
}
