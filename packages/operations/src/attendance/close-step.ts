import type { Connection, Engine, Lease, Run } from "@runback/core";
import { appendAudit } from "../audit/append.ts";
import type { Context } from "../context.ts";
import { nextStepRows } from "../run/advance.ts";
import { holdLease } from "../run/lease-guard.ts";
import { readEvent } from "./attendance-subject.ts";
import { type AttendanceTables, attendanceTables, columnOf, keyParam, keyValue } from "./attendance-tables.ts";
import { isCandidate, isToFinalize } from "./candidates.ts";
import { assertDue } from "./close-event.ts";
import { type ClosingCheckpoint, type ClosingInput, type ClosingResult, summaryOf } from "./closing.ts";
import { closingWork } from "./closing-work.ts";
import { type Marking, markStep, stepEnd } from "./mark-step.ts";
import { retryLocked } from "./retry-locked.ts";

interface Step {
  readonly context: Context;
  readonly runId: string;
  readonly operator: string;
  readonly startedAt: string;
  readonly input: ClosingInput;
  readonly tables: AttendanceTables;
}

/** Commits the next step of a closing; true when it is complete. */
export async function closeStep(context: Context, runId: string, lease: Lease): Promise<boolean> {
  const { engine, clock, logger } = context;
  const began = clock.now().getTime();
  const { input, operator, startedAt } = (await engine.store.run(engine, runId))! as Run & { input: ClosingInput };
  const tables = await attendanceTables(engine, input.vocabulary);
  const step = { context, runId, operator, startedAt, input, tables };
  const event = named(tables, input.event);
  const { before, next, rows } = await retryLocked(() =>
    engine.transaction(
      async (tx) => {
        await holdLease(context, tx, lease);
        // Two callers of one process share its lease, and take turns at it: where the run stands is read when it is ours.
        const before = (await engine.store.run(tx, runId))!.checkpoint as ClosingCheckpoint;
        if (before.phase === "conclude") return { before, next: before, rows: 0 };
        // Postponed or cancelled meanwhile: what is not marked yet stays so.
        assertDue(input, await readEvent(engine, tx, tables, input.event), clock.now());
        await engine.journal.begin(tx, runId);
        const done = await (before.phase === "complete" ? complete(step, tx) : mark(step, tx, before));
        const durationMs = clock.now().getTime() - began;
        const next = follow(context, before, done, durationMs);
        await engine.store.updateRun(tx, runId, { checkpoint: next, addRows: done.rows });
        if (done.rows > 0) await engine.store.addStep(tx, { runId, name: before.phase, rows: done.rows, durationMs });
        return { before, next, rows: done.rows };
      },
      { lockTimeoutMs: 30_000 },
    ),
  );
  if (before.phase === "conclude") return await conclude(step, lease, before);
  if (before.phase === "absent" && before.after === null)
    logger.log("info", "autoFlagAbsences.start", { run_id: runId, event, scanned: before.scanned });
  const batch = before.phase === "absent" && rows > 0 ? next.batches.at(-1) : undefined;
  if (batch) logger.log("info", "autoFlagAbsences.batch", { run_id: runId, event, ...batch });
  context.onProgress?.({ runId, phase: before.phase, done: rows, total: before.scanned });
  return false;
}

interface Done {
  readonly rows: number;
  /** Where this phase goes on; null when it is over. */
  readonly upTo: string | null;
}

async function mark(
  { context, runId, operator, input, tables }: Step,
  tx: Connection,
  { phase, after, stepRows }: ClosingCheckpoint,
): Promise<Done> {
  const { engine, clock } = context;
  const { dialect } = engine;
  const { participants: names, words } = input.vocabulary;
  const common = { runId, event: input.event, actor: operator, at: clock.now() };
  const toFinalize = isToFinalize(dialect, tables);
  let marking: Marking;
  if (phase === "absent") {
    const { automaticReason, audit } = input.vocabulary;
    marking = {
      ...common,
      who: isCandidate(dialect, tables),
      columns: [names.attendance, ...names.mirrors],
      to: words.absent,
      previous: dialect.id(names.attendance),
      marks: true,
      action: "mark_absent",
      reason: audit.dedupe === null ? `${automaticReason} ${runId}` : automaticReason,
      dedupe: `${runId}:`,
    };
  } else if (names.registration === null || toFinalize === null) return { rows: 0, upTo: null };
  else {
    marking = {
      ...common,
      who: toFinalize,
      columns: [names.registration.column],
      to: names.registration.attended,
      previous: dialect.literal(names.registration.registered),
      marks: false,
      action: "finalize_attended",
      reason: "completed",
      dedupe: `${runId}:finalize:`,
    };
  }
  const upTo = await stepEnd(engine, tx, tables, marking, after, stepRows);
  return { rows: await markStep(engine, tx, tables, marking, { after, upTo }), upTo };
}

/** The event itself, where closing changes it. */
async function complete({ context, input, tables }: Step, tx: Connection): Promise<Done> {
  const { dialect }: Pick<Engine, "dialect"> = context.engine;
  const { completes, status, key } = input.vocabulary.events;
  if (completes === null) return { rows: 0, upTo: null };
  const column = columnOf(tables.events, key);
  const { count } = await tx.query(
    `UPDATE ${dialect.table(tables.events)} SET ${dialect.id(status)} = ${dialect.literal(completes.to)}
     WHERE ${dialect.id(key)} = ${keyParam({ dialect }, column, 1)}
       AND ${dialect.id(status)} IN (${completes.from.map(dialect.literal).join(", ")})`,
    [keyValue(column, input.event)!],
  );
  return { rows: count, upTo: null };
}

function follow(context: Context, now: ClosingCheckpoint, { rows, upTo }: Done, durationMs: number): ClosingCheckpoint {
  const stepRows = rows === 0 ? now.stepRows : (context.stepRows ?? nextStepRows(rows, durationMs));
  const batches =
    now.phase === "absent" && rows > 0
      ? [...now.batches, { batch: now.batches.length + 1, flagged: rows, durationMs }]
      : now.batches;
  const counted = {
    ...{ ...now, stepRows, batches },
    completed: now.completed || (now.phase === "complete" && rows > 0),
    finalized: now.finalized + (now.phase === "finalize" ? rows : 0),
  };
  if (upTo !== null) return { ...counted, after: upTo };
  const after = { absent: "complete", complete: "finalize", finalize: "conclude", conclude: "conclude" } as const;
  return { ...counted, phase: after[now.phase], after: null };
}

async function conclude(
  { context, runId, operator, startedAt, input, tables }: Step,
  lease: Lease,
  checkpoint: ClosingCheckpoint,
): Promise<boolean> {
  const { engine, clock, logger } = context;
  const completedAt = clock.now().toISOString();
  const durationMs = Date.parse(completedAt) - Date.parse(startedAt);
  const result = await engine.transaction(async (tx): Promise<ClosingResult> => {
    await holdLease(context, tx, lease);
    const { absent } = await closingWork(engine, tx, tables, input.event);
    const summary = summaryOf(checkpoint, absent, durationMs);
    const { completed, finalized } = checkpoint;
    const result = { event: input.event, runId, completed, finalized, summary };
    await engine.store.updateRun(tx, runId, { state: "completed", result, completedAt });
    await appendAudit(tx, engine.dialect, input.auditTable, "migration:completed", {
      ...{ run_id: runId, operator, event: input.event },
      counts: { absent: summary.flagged, attended: finalized, events: completed ? 1 : 0 },
      duration: Math.ceil(durationMs / 1000),
    });
    await engine.store.releaseLease(tx, lease);
    return result;
  });
  const event = named(tables, input.event);
  logger.log("info", "autoFlagAbsences.summary", { run_id: runId, event, ...result.summary });
  logger.log("info", "EventCompletionScheduler.autoAbsenceSummary", { run_id: runId, event, summary: result.summary });
  return true;
}

/** A number where events have numbers. */
function named({ vocabulary, events }: AttendanceTables, event: string): string | number {
  const { baseType } = columnOf(events, vocabulary.events.key);
  const number = Number(event);
  return /int/.test(baseType) && Number.isSafeInteger(number) ? number : event;
}
