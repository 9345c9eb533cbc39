import { type Run, RunbackError } from "@runback/core";
import { appendAudit } from "../../audit/append.ts";
import { requireAuditTable } from "../../audit/require-audit-table.ts";
import type { Context } from "../../context.ts";
import { assertNotFrozen } from "../../freeze/assert-not-frozen.ts";
import { createRunId } from "../../random-id.ts";
import { advanceSteps, stopped } from "../../run/advance.ts";
import { attempt } from "../../run/attempt.ts";
import type { AttendanceMigrateOptions, AttendanceMigration } from "./migrate-options.ts";
import { firstAnchor, type MigrateCheckpoint, migrateStep } from "./migrate-step.ts";
import { assertNoObstacle, countUnset, livePlan, planDocument } from "./plan.ts";
import { attendanceLease, attendanceMigration, unfinished } from "./unfinished.ts";

/** What the migration would do, with nothing recorded and nothing changed. */
export async function planAttendance(context: Context): Promise<AttendanceMigration> {
  const { engine, clock } = context;
  const began = clock.now().getTime();
  const found = await livePlan(engine);
  return {
    runId: null,
    dryRun: true,
    ...planDocument(engine, found),
    backfill: await countUnset(engine, engine, found.live),
    durationMs: clock.now().getTime() - began,
  };
}

/**
 * Adds what is missing of the attendance tables and sets participants without a status to `unknown`. Idempotent: each step
 * looks at the catalog first. Interrupted anywhere, the next call goes on with the same run. The rows it set are journaled:
 * `rollback <run-id>` takes them back.
 *
 * @throws `ATTENDANCE_OBSTACLE` with nothing changed; `LOCK_TIMEOUT`, `LEASE_HELD`, `TARGET_FROZEN`
 */
export async function migrateAttendance(
  context: Context,
  options: AttendanceMigrateOptions,
): Promise<AttendanceMigration> {
  const began = context.clock.now().getTime();
  const run = await startAttendanceMigration(context, options);
  if (run === null) {
    return { ...(await planAttendance(context)), dryRun: false, durationMs: context.clock.now().getTime() - began };
  }
  if (!(await advanceAttendanceMigration(context, run.runId))) throw stopped(run.runId, "runback attendance migrate");
  return (await context.engine.store.run(context.engine, run.runId))!.result as AttendanceMigration;
}

/** Records the run, or finds the one that was interrupted. Null when everything is in place. @throws `ATTENDANCE_OBSTACLE` */
export async function startAttendanceMigration(
  context: Context,
  { operator, auditTable }: AttendanceMigrateOptions,
): Promise<Run | null> {
  const { engine, clock } = context;
  await assertNotFrozen(context);
  await engine.init();
  await requireAuditTable(context, auditTable);
  const interrupted = await unfinished(context, "migrate");
  if (interrupted) return interrupted;
  const found = await livePlan(engine);
  assertNoObstacle(found);
  if (found.plan.steps.length === 0 && (await countUnset(engine, engine, found.live)) === 0) {
    await firstAnchor(context, found.live.audit!);
    return null;
  }
  const runId = createRunId(context);
  const document = planDocument(engine, found);
  const checkpoint: MigrateCheckpoint = { phase: "schema", after: null, set: 0, passes: 0, stepRows: 2_000 };
  await engine.transaction(async (tx) => {
    await engine.store.createRun(tx, {
      ...{ runId, kind: "attendance", mode: "live", migration: attendanceMigration, operator },
      startedAt: clock.now().toISOString(),
      input: { verb: "migrate", auditTable, plan: document },
    });
    await engine.store.updateRun(tx, runId, { checkpoint });
    await appendAudit(tx, engine.dialect, auditTable, "migration:started", {
      ...{ run_id: runId, mode: "live", operator, migration: attendanceMigration },
      steps: document.steps.map(({ object }) => object),
      differences: document.differences,
    });
  });
  return (await engine.store.run(engine, runId))!;
}

/** Commits steps of a recorded migration until the budget is spent; true when it is complete. */
export async function advanceAttendanceMigration(
  context: Context,
  runId: string,
  budgetMs = Number.POSITIVE_INFINITY,
): Promise<boolean> {
  const run = await context.engine.store.run(context.engine, runId);
  if (run?.kind !== "attendance" || run.migration !== attendanceMigration) {
    throw new RunbackError("RUN_NOT_FOUND", `There is no attendance migration ${runId} on this target.`, {
      recovery: "List the runs with `runback runs`.",
      status: 404,
    });
  }
  const { auditTable } = run.input as { auditTable: AttendanceMigrateOptions["auditTable"] };
  return await attempt(
    context,
    { runId, leaseName: attendanceLease, auditTable, operation: "attendance.migrate" },
    (lease) => advanceSteps(context, () => migrateStep(context, auditTable, runId, lease!), budgetMs),
  );
}
