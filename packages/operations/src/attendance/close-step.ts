import type { AttendeeStatusChange } from "@runback/attendance";
import type { Connection, Engine, Lease, Run } from "@runback/core";
import { appendAudit } from "../audit/append.ts";
import type { Context } from "../context.ts";
import { nextStepRows } from "../run/advance.ts";
import { holdLease } from "../run/lease-guard.ts";
import { retryLocked } from "../run/retry-locked.ts";
import { emitChanges } from "./analytics.ts";
import { readEvent } from "./attendance-subject.ts";
import { type AttendanceTables, attendanceTables, columnOf, keyParam, keyValue } from "./attendance-tables.ts";
import { isCandidate, isToFinalize } from "./candidates.ts";
import { assertDue } from "./close-event.ts";
import { type ClosingCheckpoint, type ClosingInput, type ClosingResult, summaryOf } from "./closing.ts";
import { closingWork } from "./closing-work.ts";
import { type Marking, markStep, othersChanged, readBefore, stepEnd } from "./mark-step.ts";

interface Step {
  readonly context: Context;
  readonly runId: string;
  readonly operator: string;
  readonly startedAt: string;
  readonly input: ClosingInput;
  readonly tables: AttendanceTables;
}

/**
 * Commits the next step of a closing; true when it is complete. What comes after the last people of a phase goes with them
 * as far as there is room: an event of one step is closed by one commit, at most a fifth larger than a step.
 */
export async function closeStep(context: Context, runId: string, lease: Lease): Promise<boolean> {
  const { engine, clock, logger } = context;
  const began = clock.now().getTime();
  const { input, operator, startedAt } = (await engine.store.run(engine, runId))! as Run & { input: ClosingInput };
  const tables = await attendanceTables(engine, input.vocabulary);
  const step = { context, runId, operator, startedAt, input, tables };
  const { before, after, rows, result, told } = await retryLocked(() =>
    engine.transaction(
      async (tx) => {
        await holdLease(context, tx, lease);
        // Two callers of one process share its lease, and take turns at it: where the run stands is read when it is ours.
        const before = (await engine.store.run(tx, runId))!.checkpoint as ClosingCheckpoint;
        let [at, rows] = [before, 0];
        const told: Told[] = [];
        if (at.phase !== "conclude") {
          // Postponed or cancelled meanwhile: what is not marked yet stays so.
          assertDue(input, await readEvent(engine, tx, tables, input.event), clock.now());
          await engine.journal.begin(tx, runId);
        }
        while (at.phase !== "conclude") {
          const room = Math.max(before.stepRows - rows, Math.ceil(before.stepRows / 5));
          const done = await (at.phase === "complete"
            ? complete(step, tx)
            : mark(step, tx, { ...at, stepRows: room }, told));
          const durationMs = clock.now().getTime() - began;
          if (done.rows > 0) await engine.store.addStep(tx, { runId, name: at.phase, rows: done.rows, durationMs });
          rows += done.rows;
          at = follow(at, done, durationMs);
          if (done.upTo !== null) break;
        }
        const stepRows = rows === 0 ? at.stepRows : nextStepRows(rows, clock.now().getTime() - began);
        const after = { ...at, stepRows: context.stepRows ?? stepRows };
        await engine.store.updateRun(tx, runId, { checkpoint: after, addRows: rows });
        const result = at.phase === "conclude" ? await conclude(step, tx, lease, after) : undefined;
        return { before, after, rows, result, told };
      },
      { lockTimeoutMs: 30_000 },
    ),
  );
  for (const { changes, ...about } of told)
    emitChanges(context, tables, changes, { ...about, actor: operator, event: input.event, runId });
  const about = { run_id: runId, event: named(tables, input.event) };
  if (before.phase === "absent" && before.after === null)
    logger.log("info", "autoFlagAbsences.start", { ...about, scanned: before.scanned });
  for (const batch of after.batches.slice(before.batches.length))
    logger.log("info", "autoFlagAbsences.batch", { ...about, ...batch });
  context.onProgress?.({ runId, phase: before.phase, done: rows, total: before.scanned });
  if (result === undefined) return false;
  const { summary } = result;
  logger.log("info", "autoFlagAbsences.summary", { ...about, ...summary });
  logger.log("info", "EventCompletionScheduler.autoAbsenceSummary", { ...about, summary });
  return true;
}

/** What a step changed, for those who are told of it once it is committed. */
interface Told {
  readonly changes: readonly AttendeeStatusChange[];
  readonly at: Date;
  readonly action: string;
}

interface Done {
  readonly rows: number;
  /** Where this phase goes on; null when it is over. */
  readonly upTo: string | null;
}

async function mark(
  { context, runId, operator, input, tables }: Step,
  tx: Connection,
  { phase, after, stepRows, expected }: ClosingCheckpoint,
  told: Told[],
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
  const whole = after === null && expected[phase === "absent" ? "absent" : "finalize"] <= stepRows;
  const upTo = whole ? null : await stepEnd(engine, tx, tables, marking, after, stepRows);
  const range = { after, upTo };
  // Only where somebody is told: it is one more reading of the step's rows.
  const found = context.analytics === undefined ? null : await readBefore(engine, tx, tables, marking, range);
  const rows = await markStep(engine, tx, tables, marking, range);
  if (found !== null) {
    if (found.length !== rows) throw othersChanged();
    const changes = found.map(({ participant, previous }) => {
      return { attendanceId: participant, priorStatus: previous, newStatus: marking.to };
    });
    told.push({ changes, at: marking.at, action: marking.action });
  }
  return { rows, upTo };
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

function follow(now: ClosingCheckpoint, { rows, upTo }: Done, durationMs: number): ClosingCheckpoint {
  const batches =
    now.phase === "absent" && rows > 0
      ? [...now.batches, { batch: now.batches.length + 1, flagged: rows, durationMs }]
      : now.batches;
  const counted = {
    ...{ ...now, batches },
    completed: now.completed || (now.phase === "complete" && rows > 0),
    finalized: now.finalized + (now.phase === "finalize" ? rows : 0),
  };
  if (upTo !== null) return { ...counted, after: upTo };
  const next = { absent: "complete", complete: "finalize", finalize: "conclude", conclude: "conclude" } as const;
  return { ...counted, phase: next[now.phase], after: null };
}

async function conclude(
  { context, runId, operator, startedAt, input, tables }: Step,
  tx: Connection,
  lease: Lease,
  checkpoint: ClosingCheckpoint,
): Promise<ClosingResult> {
  const { engine, clock } = context;
  const completedAt = clock.now().toISOString();
  const durationMs = Date.parse(completedAt) - Date.parse(startedAt);
  const { absent } = await closingWork(engine, tx, tables, input.event);
  const summary = summaryOf(checkpoint, absent, durationMs);
  const { completed, finalized } = checkpoint;
  const result = { event: input.event, runId, completed, finalized, summary };
  await engine.store.updateRun(tx, runId, { state: "completed", result, completedAt });
  await engine.store.releaseLease(tx, lease);
  await appendAudit(tx, engine.dialect, input.auditTable, "migration:completed", {
    ...{ run_id: runId, operator, event: input.event },
    counts: { absent: summary.flagged, attended: finalized, events: completed ? 1 : 0 },
    duration: Math.ceil(durationMs / 1000),
  });
  return result;
}

/** A number where events have numbers. */
function named({ vocabulary, events }: AttendanceTables, event: string): string | number {
  const { baseType } = columnOf(events, vocabulary.events.key);
  const number = Number(event);
  return /int/.test(baseType) && Number.isSafeInteger(number) ? number : event;
}
