import { closingIsDue } from "@runback/attendance";
import { type Connection, qualifiedName, type Run, RunbackError, type TableRef } from "@runback/core";
import { appendAudit } from "../audit/append.ts";
import { requireAuditTable } from "../audit/require-audit-table.ts";
import type { Context } from "../context.ts";
import { assertNotFrozen } from "../freeze/assert-not-frozen.ts";
import { createRunId } from "../random-id.ts";
import { advanceSteps, stopped } from "../run/advance.ts";
import { attempt } from "../run/attempt.ts";
import { releaseLease, takeLease, takeLeaseIn } from "../run/lease-guard.ts";
import { type AttendanceOptions, defaultsOf } from "./attendance-options.ts";
import { type AttendanceEvent, readEvent } from "./attendance-subject.ts";
import { type AttendanceTables, attendanceTables, tablesIn } from "./attendance-tables.ts";
import { closeStep } from "./close-step.ts";
import {
  type ClosingCheckpoint,
  type ClosingInput,
  type ClosingResult,
  closingLease,
  closingName,
  isClosing,
  summaryOf,
} from "./closing.ts";
import { type ClosingWork, closingWork } from "./closing-work.ts";

export interface CloseRequest extends AttendanceOptions {
  readonly event: string;
  readonly operator: string;
  /** Runback's own trail, for the run. */
  readonly auditTable: TableRef;
}

const firstStepRows = 5_000;

/**
 * Closes an event that is over: whoever is registered and was not seen is absent, the event is completed, and whoever was
 * seen attended. A journaled run in bounded steps, which `rollback` takes back. Done again it finds nothing to do; one that
 * was interrupted is gone on with.
 *
 * @throws `EVENT_NOT_FOUND`, `EVENT_NOT_OVER`, `EVENT_NOT_HELD`, `EVENT_TIMES_INVALID`, `ATTENDANCE_TABLES_MISSING`,
 *   `AUDIT_TABLE_MISSING`, `LEASE_HELD` while another process closes it, `ROLLBACK_UNFINISHED`, `TARGET_FROZEN`, `STOPPED`
 */
export async function closeEvent(context: Context, request: CloseRequest): Promise<ClosingResult> {
  const started = await startClosing(context, request);
  return typeof started === "string" ? await finishClosing(context, request, started) : started;
}

/** Carries a recorded closing to its end. @throws `STOPPED`, what `advanceClosing` throws */
export async function finishClosing(
  context: Context,
  { event }: Pick<CloseRequest, "event">,
  runId: string,
): Promise<ClosingResult> {
  const { engine } = context;
  const done = await advanceClosing(context, runId);
  if (!done) throw stopped(runId, `runback attendance close ${event}`);
  return (await engine.store.run(engine, runId))!.result as ClosingResult;
}

/** Records the run without executing it. @returns its id, or the result when there is nothing to do */
export async function startClosing(context: Context, request: CloseRequest): Promise<string | ClosingResult> {
  const { engine, clock } = context;
  const began = clock.now();
  await engine.init();
  const tables = await attendanceTables(engine, request.vocabulary);
  // From here on the event goes by the key that the database has for it: leases are told apart by its text.
  const event = await readEvent(engine, engine, tables, request.event);
  const unfinished = await unfinishedClosing(context, event.event);
  if (unfinished) return unfinished.runId;
  assertDue(request, event, began);
  // What an event that is not completed needs is counted once, under its lease.
  if (!completesIt(request, event)) {
    const work = await closingWork(engine, engine, tables, event.event);
    if (!isNeeded(request, event, work)) return nothingToDo(event, work);
  }
  await assertNotFrozen(context);
  await recorded(context, request);
  await enroll(context, request);
  const runId = createRunId(context);
  const nothing = await engine.transaction((tx) => record(context, request, tables, event.event, runId, tx));
  return nothing ?? runId;
}

/** Takes the event's lease, looks again under it, for another process may have closed it since, and records the run. */
async function record(
  context: Context,
  request: CloseRequest,
  tables: AttendanceTables,
  key: string,
  runId: string,
  tx: Connection,
): Promise<ClosingResult | undefined> {
  const { engine, clock } = context;
  const lease = await takeLeaseIn(context, tx, closingLease(key), runId);
  const event = await readEvent(engine, tx, tables, key);
  assertDue(request, event, clock.now());
  const work = await closingWork(engine, tx, tables, event.event);
  if (!isNeeded(request, event, work)) {
    await engine.store.releaseLease(tx, lease);
    return nothingToDo(event, work);
  }
  const { vocabulary, operator, auditTable } = request;
  const input: ClosingInput = { vocabulary, defaults: defaultsOf(request), event: event.event, auditTable };
  const checkpoint: ClosingCheckpoint = {
    phase: "absent",
    after: null,
    stepRows: context.stepRows ?? firstStepRows,
    scanned: work.scanned,
    alreadyAbsent: work.absent,
    expected: { absent: work.candidates, finalize: work.toFinalize },
    batches: [],
    completed: false,
    finalized: 0,
  };
  await engine.store.createRun(tx, {
    ...{ runId, kind: "attendance", mode: "live", migration: closingName(event.event), operator, input },
    startedAt: clock.now().toISOString(),
  });
  await engine.store.updateRun(tx, runId, { checkpoint });
  await appendAudit(tx, engine.dialect, auditTable, "migration:started", {
    ...{ run_id: runId, mode: "live", operator, event: event.event, vocabulary: vocabulary.name },
  });
  return undefined;
}

/** Commits steps of a closing until the budget is spent; true when it is complete. @throws `RUN_NOT_FOUND` */
export async function advanceClosing(
  context: Context,
  runId: string,
  budgetMs = Number.POSITIVE_INFINITY,
): Promise<boolean> {
  const { engine } = context;
  const run = await engine.store.run(engine, runId);
  if (run === undefined || !isClosing(run)) {
    throw new RunbackError("RUN_NOT_FOUND", `There is no closing ${runId} on this target.`, {
      recovery: "List the runs with `runback runs`.",
      status: 404,
    });
  }
  const input = run.input as ClosingInput;
  const about = { runId, leaseName: closingLease(input.event), auditTable: input.auditTable, operation: "attendance" };
  return await attempt(context, about, (lease) =>
    advanceSteps(context, () => closeStep(context, runId, lease!), budgetMs),
  );
}

/**
 * The run of this event that a killed process left behind: whoever held its lease last. It is this process's from here on.
 *
 * @throws `LEASE_HELD` when it is alive, `ROLLBACK_UNFINISHED`
 */
async function unfinishedClosing(context: Context, event: string): Promise<Run | undefined> {
  const { engine } = context;
  const name = closingLease(event);
  const last = await engine.store.lease(engine, name);
  const run = last && (await unfinished(context, last.runId));
  if (run === undefined) return undefined;
  if (run.kind !== "attendance") {
    throw new RunbackError("ROLLBACK_UNFINISHED", `Run ${run.runId} is taking back a closing of this event.`, {
      recovery: `Nothing was changed. Finish it first: runback rollback ${run.revertsRunId}`,
      status: 409,
    });
  }
  const lease = await takeLease(context, name, run.runId);
  const still = await unfinished(context, run.runId);
  if (still === undefined) await releaseLease(context, lease);
  return still;
}

async function unfinished({ engine }: Context, runId: string): Promise<Run | undefined> {
  const run = await engine.store.run(engine, runId);
  return run === undefined || run.state === "completed" || run.state === "aborted" ? undefined : run;
}

const trails = new WeakMap<Context["engine"], Set<string>>();

/** Once a process: a closing a minute need not ask again. @throws `AUDIT_TABLE_MISSING` */
async function recorded(context: Context, { auditTable }: CloseRequest): Promise<void> {
  const known = trails.get(context.engine) ?? new Set();
  const name = qualifiedName(auditTable);
  if (known.has(name)) return;
  await requireAuditTable(context, auditTable);
  trails.set(context.engine, known.add(name));
}

async function enroll({ engine }: Context, { vocabulary }: CloseRequest): Promise<void> {
  const { participants, events } = tablesIn(await engine.catalog(), vocabulary);
  await engine.transaction(
    (tx) => engine.journal.enroll(tx, [participants, events], { updates: changedBy(vocabulary) }),
    { lockTimeoutMs: 10_000 },
  );
}

/** A closing inserts no participants and deletes none. */
function changedBy({ participants, events }: CloseRequest["vocabulary"]): string[] {
  const { attendance, mirrors, registration, markedAt, markedBy, checkedInAt, updatedAt } = participants;
  const columns = [attendance, ...mirrors, registration?.column, markedAt, markedBy, checkedInAt, updatedAt];
  return [...columns, events.status].filter((column) => column !== undefined && column !== null);
}

const completesIt = ({ vocabulary }: CloseRequest, { status }: AttendanceEvent) =>
  vocabulary.events.completes?.from.includes(status) === true;

function isNeeded(request: CloseRequest, event: AttendanceEvent, work: ClosingWork): boolean {
  return work.candidates > 0 || work.toFinalize > 0 || completesIt(request, event);
}

function nothingToDo({ event }: AttendanceEvent, { scanned, absent }: ClosingWork): ClosingResult {
  const summary = summaryOf({ scanned, alreadyAbsent: absent, batches: [] }, absent, 0);
  return { event, runId: null, completed: false, finalized: 0, summary };
}

/** @throws `EVENT_NOT_HELD`, `EVENT_NOT_OVER` */
export function assertDue(request: AttendanceOptions, event: AttendanceEvent, now: Date): void {
  const { vocabulary } = request;
  if (!vocabulary.events.held.includes(event.status)) {
    throw new RunbackError("EVENT_NOT_HELD", `Event ${event.event} is ${event.status}: nobody is absent from it.`, {
      recovery: `Nothing was changed. Only events that are ${vocabulary.events.held.join(", ")} are closed.`,
      ...{ exit: 1, status: 409 },
    });
  }
  if (closingIsDue(vocabulary, event, now, defaultsOf(request))) return;
  throw new RunbackError("EVENT_NOT_OVER", `Event ${event.event} is not over yet, or its grace is not.`, {
    recovery: "Nothing was changed. Close it when its end and its grace have passed.",
    ...{ exit: 1, status: 409 },
  });
}
