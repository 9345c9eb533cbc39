import { type Connection, type EntityDeclaration, type Lease, type Run, sameTable, type Table } from "@runback/core";
import { appendAudit } from "../audit/append.ts";
import type { Context } from "../context.ts";
import { nextStepRows } from "../run/advance.ts";
import { holdLease } from "../run/lease-guard.ts";
import { takeTurns } from "../run/take-turns.ts";
import { applyStep } from "./apply-step.ts";
import { assertStaged } from "./assert-staged.ts";
import type { ApplyCheckpoint, Lane } from "./checkpoint.ts";
import { concludeWriting } from "./conclude-writing.ts";
import type { ImportOptions } from "./import-options.ts";
import { importTables } from "./import-tables.ts";
import { workCondition } from "./stage-entity.ts";
import { planTable, stageName } from "./stage-tables.ts";
import { stepFailure } from "./step-failure.ts";

/** Milliseconds a step waits for a lock: other writers are busy for seconds, a forgotten session for hours. */
const stepLockMs = 30_000;

/** Two sessions at once keep the server's second core busy; more gained nothing on four, and crowd other writers out. */
const lanesAtMost = 2;

/** Below this many rows a second session costs more than it brings. */
const laneRows = 500;

/** The next rows of the entity whose turn it is: one step in each lane, side by side. */
export async function applyEntity(
  context: Context,
  options: ImportOptions,
  run: Run,
  lease: Lease,
  checkpoint: ApplyCheckpoint,
): Promise<void> {
  const entity = options.declaration.entities[checkpoint.entity];
  if (entity === undefined) return await concludeWriting(context, options, run, lease, checkpoint);
  if (checkpoint.lanes === null) return await openLanes(context, entity, run.runId, lease, checkpoint);
  if (checkpoint.lanes.every((lane) => lane.done))
    return await nextEntity(context, entity, run.runId, lease, checkpoint);
  const tables = await importTables(context, options.declaration);
  const target = tables.find((table) => sameTable(table, entity.table))!;
  await stepLanes(context, options, run, lease, { entity, target }, checkpoint);
}

/** Splits the entity's work into ranges of the file with equally many rows to write. */
async function openLanes(
  context: Context,
  entity: EntityDeclaration,
  runId: string,
  lease: Lease,
  checkpoint: ApplyCheckpoint,
): Promise<void> {
  const { engine } = context;
  await engine.transaction(
    async (tx) => {
      await holdLease(context, tx, lease);
      await assertStaged(context, tx, entity, runId, checkpoint.plan);
      const lanes = await splitWork(context, tx, entity, runId);
      await engine.store.updateRun(tx, runId, { checkpoint: { ...checkpoint, lanes } });
    },
    { lockTimeoutMs: stepLockMs },
  );
}

async function splitWork(
  { engine }: Context,
  tx: Connection,
  entity: EntityDeclaration,
  runId: string,
): Promise<Lane[]> {
  const { dialect } = engine;
  const work = `FROM ${dialect.table(planTable(stageName(runId), entity))} WHERE ${workCondition}`;
  const counted = await tx.query<{ rows: string }>(`SELECT ${dialect.cast("count(*)", "text")} AS rows ${work}`);
  const rows = Number(counted.rows[0]!.rows);
  const count = engine.capabilities.concurrentSessions
    ? Math.max(1, Math.min(lanesAtMost, Math.floor(rows / laneRows)))
    : 1;
  const lanes: Lane[] = [];
  let after = "0";
  for (let lane = 1; lane < count; lane++) {
    const bound = await tx.query<{ line: string }>(
      `SELECT ${dialect.cast("line", "text")} AS line FROM (SELECT line ${work} ORDER BY line LIMIT 1 OFFSET ${Math.floor((rows * lane) / count)}) bound`,
    );
    const through = bound.rows[0]!.line;
    lanes.push({ after, through, done: false });
    after = through;
  }
  return [...lanes, { after, through: null, done: false }];
}

async function nextEntity(
  context: Context,
  entity: EntityDeclaration,
  runId: string,
  lease: Lease,
  checkpoint: ApplyCheckpoint,
): Promise<void> {
  await context.engine.transaction(async (tx) => {
    await holdLease(context, tx, lease);
    // Nothing left may also mean that everything is gone.
    await assertStaged(context, tx, entity, runId, checkpoint.plan);
    const next: ApplyCheckpoint = { ...checkpoint, entity: checkpoint.entity + 1, lanes: null };
    await context.engine.store.updateRun(tx, runId, { checkpoint: next });
  });
}

/**
 * One step a lane. Rows are written side by side; lease, checkpoint and audit entry come last and one lane at a time, each
 * on top of what the other has committed. So a checkpoint is always of committed rows, and locks are held for moments.
 */
async function stepLanes(
  context: Context,
  { declaration }: ImportOptions,
  run: Run,
  lease: Lease,
  { entity, target }: { readonly entity: EntityDeclaration; readonly target: Table },
  checkpoint: ApplyCheckpoint,
): Promise<void> {
  const { engine, clock } = context;
  const { runId } = run;
  const turns = takeTurns();
  let committed = checkpoint;
  const step = async (lane: Lane, at: number) => {
    const began = clock.now().getTime();
    let endTurn = () => {};
    try {
      committed = await engine.transaction(
        async (tx) => {
          await engine.journal.begin(tx, runId);
          const range = {
            entity,
            stage: stageName(runId),
            after: lane.after,
            through: lane.through,
            limit: checkpoint.stepRows,
            runId,
            runTime: run.startedAt,
          };
          const done = await applyStep(context, tx, declaration, target, range);
          endTurn = await turns.begin();
          await holdLease(context, tx, lease);
          const durationMs = clock.now().getTime() - began;
          const moved = afterStep(context, committed, at, entity.name, done, durationMs);
          await engine.store.updateRun(tx, runId, {
            checkpoint: moved,
            addRows: done.created + done.updated + done.mapped,
          });
          if (done.last === null) return moved;
          await engine.store.addStep(tx, { runId, name: entity.name, rows: done.rows, durationMs });
          await appendAudit(tx, engine.dialect, declaration.auditTable, "migration:step", {
            run_id: runId,
            entity: entity.name,
            after_row: Number(lane.after),
            through_row: Number(done.last),
            created: done.created,
            updated: done.updated,
            mapped: done.mapped,
          });
          return moved;
        },
        { lockTimeoutMs: stepLockMs },
      );
    } finally {
      endTurn();
    }
  };
  const open = checkpoint.lanes!.flatMap((lane, at) => (lane.done ? [] : [step(lane, at)]));
  // Both have ended, one way or the other, before anything else happens to the run.
  const failed = (await Promise.allSettled(open)).find((outcome) => outcome.status === "rejected");
  const total = Object.values(checkpoint.plan.entities).reduce(
    (sum, counts) => sum + counts.created + counts.updated,
    0,
  );
  context.onProgress?.({ runId, phase: entity.name, done: committed.applied.rows, total });
  if (failed) throw stepFailure(failed.reason, entity, runId);
}

function afterStep(
  context: Context,
  before: ApplyCheckpoint,
  lane: number,
  entity: string,
  done: Awaited<ReturnType<typeof applyStep>>,
  durationMs: number,
): ApplyCheckpoint {
  const changedMeanwhile = { ...before.applied.changedMeanwhile };
  if (done.changedMeanwhile > 0) changedMeanwhile[entity] = (changedMeanwhile[entity] ?? 0) + done.changedMeanwhile;
  return {
    ...before,
    lanes: before.lanes!.map((each, at) =>
      at !== lane ? each : done.last === null ? { ...each, done: true } : { ...each, after: done.last },
    ),
    stepRows: context.stepRows ?? (done.rows === 0 ? before.stepRows : nextStepRows(done.rows, durationMs)),
    applied: { rows: before.applied.rows + done.rows, changedMeanwhile },
  };
}
