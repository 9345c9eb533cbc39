import {
  type ColumnCutover,
  type Connection,
  type CutoverStep,
  type Engine,
  gatesOf,
  type Phase,
  phaseDdl,
  RunbackError,
  retiredName,
} from "@runback/core";
import { requireAuditTable } from "../audit/require-audit-table.ts";
import type { Context } from "../context.ts";
import { createRunId } from "../random-id.ts";
import { applyDdl } from "./apply-ddl.ts";
import { newestEvidence } from "./evidence.ts";
import { syncLegacy } from "./legacy-sync.ts";
import { assertShape, beginMove, isAt, type MoveOptions, recordMove, underLease } from "./move.ts";
import { isTrailing, movingOf, type Position, positionName, positionText, previousPosition } from "./positions.ts";
import { provenSnapshot } from "./proven-snapshot.ts";
import { missingParts, type RowCounts, rowCounts } from "./row-counts.ts";
import { definitionOf, type StoredCutover, storedCutover } from "./stored-cutover.ts";

export interface RetreatOptions extends MoveOptions {
  /** Where it shall lead: `planned`, `0` to `4`. Already there nothing is done; in 3 from 4, the legacy column is looked at again. */
  readonly to?: string;
}

/** The document `cutover retreat --json` prints. */
export interface RetreatResult {
  readonly cutover: string;
  /** False when it was there already. */
  readonly moved: boolean;
  readonly from: Position;
  readonly to: Position;
  readonly since: string | null;
  /** The journaled run that brought the legacy column up to date, and its rows; null where none was needed. */
  readonly sync: { readonly runId: string; readonly rows: number } | null;
  /** What this does not bring back, and what is left to look at. */
  readonly notes: readonly string[];
}

/**
 * Takes a phase back: the schema, the flags, and from phase 4 the legacy column, which nothing wrote there, is brought up to
 * date. No value of either column is lost: where they disagree both stay as they are. It asks no gate. Killed in the middle,
 * it is called again and goes on.
 *
 * @throws `CUTOVER_NOT_BEGUN`, `CUTOVER_DROPPED`, `RETREAT_WOULD_LOSE`, `CUTOVER_CHANGED`, `CUTOVER_ELSEWHERE`, `LEASE_HELD`,
 *   `CUTOVER_SYNC_STOPPED`
 */
export async function retreatCutover(
  context: Context,
  cutover: ColumnCutover,
  options: RetreatOptions,
): Promise<RetreatResult> {
  const { engine, logger } = context;
  await engine.init();
  await requireAuditTable(context, options.auditTable);
  const unfinished = movingOf(await storedCutover(engine, engine.dialect, cutover));
  // Its lease goes by the run that was begun.
  const runId = unfinished?.kind === "sync" ? unfinished.to : createRunId(context);
  const result = await underLease(context, cutover, runId, async (lease): Promise<RetreatResult> => {
    const stored = await storedCutover(engine, engine.dialect, cutover);
    const from: Position = { phase: stored.phase, state: stored.state };
    // What follows the record of phase 4 need not be made first: it is what is taken back.
    const moving = isTrailing(stored) ? null : movingOf(stored);
    const still = { cutover: cutover.name, moved: false, from, to: from, since: stored.since, sync: null, notes: [] };
    if (moving?.kind === "sync" && (await isUnfinished(engine, moving.to)))
      return { ...still, sync: { runId: moving.to, rows: 0 } };
    if (options.to !== undefined && isAt(stored, options.to) && moving === null) {
      if (!(await cameBackFromPhase4(engine, stored))) return still;
      // Writers that had not seen the flag yet wrote the new column alone.
      assertShape(cutover, stored);
      const begun = await beginMove(context, lease, stored, `sync:${runId}`, options.operator);
      await engine.transaction((tx) => startSync(context, tx, cutover, begun, options));
      return { ...still, sync: { runId, rows: 0 } };
    }
    if (stored.state === "planned" && moving === null) throw notBegun(cutover);
    if (stored.state === "dropped" || (await isDropped(engine, cutover, stored))) throw await dropped(context, cutover);
    assertShape(cutover, stored);
    // An advance that was cut short is what is taken back: the phase before it is where the cutover still is.
    const back = moving?.kind === "advance" ? from : previousPosition(stored)!;
    if (options.to !== undefined && positionName(back) !== options.to) throw elsewhere(cutover, from, back, options.to);
    const counts = from.phase < 4 ? await rowCounts(engine, cutover, from).catch(() => null) : null;
    if (back.state === "planned") await assertNothingLost(context, cutover, stored, counts);
    const undone: Position = moving?.kind === "advance" ? positionOf(moving.to) : from;
    const begun =
      moving?.kind === "advance"
        ? stored
        : await beginMove(context, lease, stored, `retreat:${positionName(back)}`, options.operator);
    const syncs = from.phase === 4 && undone.phase === 4;
    const notes = notesOf(undone, counts);
    let since: string | null = null;
    await applyDdl(context, cutover, stepsOutOf(engine, cutover, undone, moving?.kind === "advance"), async (tx) => {
      const reached = await recordMove(context, tx, lease, {
        ...{ operator: options.operator, auditTable: options.auditTable, kind: "retreat", from: begun },
        to: {
          ...begun,
          ...back,
          moving: syncs ? `sync:${runId}` : null,
          definitionSha256:
            cutover.dualWrite === "bridge" && undone.phase === 4 ? definitionOf(cutover) : begun.definitionSha256,
        },
        data: { ...(syncs ? { syncRunId: runId } : {}), notes },
      });
      if (syncs) await startSync(context, tx, cutover, reached, options);
      since = reached.since;
    });
    logger.log("info", "cutover.retreated", {
      cutover: cutover.name,
      from: positionName(from),
      to: positionName(back),
    });
    return { ...still, moved: true, to: back, since, sync: syncs ? { runId, rows: 0 } : null, notes };
  });
  if (result.sync === null) return result;
  // After the flags: from the phase's record on, writers write the legacy column again, and what they missed is found.
  const rows = await syncLegacy(context, cutover, { ...options, runId: result.sync.runId });
  if (rows === null) throw syncStopped(cutover, result.sync.runId);
  return { ...result, sync: { ...result.sync, rows } };
}

const positionOf = (name: string): Position =>
  name === "dropped" ? { phase: 5, state: "dropped" } : { phase: Number(name) as Phase, state: "entered" };

function stepsOutOf(
  { dialect, capabilities }: Engine,
  cutover: ColumnCutover,
  { phase, state }: Position,
  cutShort: boolean,
): readonly CutoverStep[] {
  // Dropping is one statement: not done, there is nothing to take back.
  if (state === "dropped") return [];
  const { down } = phaseDdl(cutover, phase, dialect);
  // What was to follow the phase's record is not made where there is no record: the bridge is on, and stays on.
  return cutShort && !capabilities.transactionalDdl ? down.filter(({ follows }) => !follows) : down;
}

/** Records the run that brings the legacy column up to date, under the id that the cutover's move names. */
async function startSync(
  { engine, clock }: Context,
  tx: Connection,
  cutover: ColumnCutover,
  stored: StoredCutover,
  { operator, auditTable }: MoveOptions,
): Promise<void> {
  await engine.store.createRun(tx, {
    ...{ runId: movingOf(stored)!.to, kind: "cutover", mode: "live", migration: cutover.name, operator },
    startedAt: clock.now().toISOString(),
    input: { cutover: cutover.name, direction: "legacy", auditTable },
  });
}

/** The last move led from phase 4 to where the cutover is. */
async function cameBackFromPhase4(engine: Engine, stored: StoredCutover): Promise<boolean> {
  if (stored.phase !== 3) return false;
  const about = { cutover: stored.name, limit: 1 };
  const [back] = await newestEvidence(engine, engine.dialect, { ...about, kind: "retreat" });
  return back !== undefined && back.at === stored.since && (back.data as { from?: unknown }).from === "4";
}

/** A run that was taken back, or is done, has nothing left to bring up to date. */
async function isUnfinished(engine: Engine, runId: string): Promise<boolean> {
  const run = await engine.store.run(engine, runId);
  return run !== undefined && run.state !== "completed" && run.state !== "aborted";
}

/** A drop that was cut short may have happened. */
async function isDropped(engine: Engine, cutover: ColumnCutover, stored: StoredCutover): Promise<boolean> {
  if (movingOf(stored)?.to !== "dropped") return false;
  return (await missingParts(engine, cutover, [retiredName(cutover)])) !== null;
}

function notesOf(undone: Position, counts: RowCounts | null): string[] {
  const notes: string[] = [];
  const differing = counts?.mismatched;
  if (undone.phase === 4)
    notes.push(
      "Rows written in phase 4 get their code as legacy value, or a spelling of it that the column holds: how an application would have spelled it is not known.",
      "The legacy column stays nullable.",
      "A writer that had not seen the flag yet wrote the new column alone: retreat --to 3 again brings that up to date.",
    );
  if (undone.phase === 3 || undone.phase === 2 || undone.phase === 1) {
    if (differing === undefined) notes.push("The rows could not be counted: run the cutover's monitor.");
    else if (differing > 0)
      notes.push(`${differing} rows have a code that is not their legacy value's: both are kept, look at them.`);
  }
  return notes;
}

async function isGone({ engine }: Context, cutover: ColumnCutover): Promise<boolean> {
  const hasTable = (await missingParts(engine, cutover, [])) === null;
  return hasTable && (await missingParts(engine, cutover, [cutover.column])) !== null;
}

/**
 * The new column goes with its values: refused where one of them is nowhere else. A snapshot from before this phase does not
 * have what was written since, the one that let the cutover begin not even the column.
 */
async function assertNothingLost(
  context: Context,
  cutover: ColumnCutover,
  { since }: StoredCutover,
  counts: RowCounts | null,
): Promise<void> {
  if (counts !== null && counts.mismatched === 0) return;
  // It could not be counted because it is gone: by a retreat that was cut short, or as an advance that did not come to make it.
  if (counts === null && (await isGone(context, cutover))) return;
  const { snapshotMaxAgeHours } = gatesOf(cutover);
  const found = await provenSnapshot(context, {
    ...{ table: cutover.table, maxAgeHours: snapshotMaxAgeHours, notBefore: since },
  }).catch(() => ({ why: "the vault cannot be read" }));
  if (!("why" in found)) return;
  const rows = counts === null ? "rows that could not be counted" : `${counts.mismatched} rows`;
  throw new RunbackError(
    "RETREAT_WOULD_LOSE",
    `The new column of ${cutover.name} holds codes that the legacy one does not mean (${rows}), and no snapshot has them: ${found.why}.`,
    {
      recovery:
        "Nothing was changed. Bring both columns in line, or take a snapshot and verify it, then retreat again.",
      exit: 1,
      status: 409,
      details: { mismatched: counts?.mismatched ?? null },
    },
  );
}

function notBegun({ name }: ColumnCutover): RunbackError {
  return new RunbackError("CUTOVER_NOT_BEGUN", `The cutover ${name} was not begun on this target.`, {
    recovery: "There is nothing to take back.",
    status: 409,
  });
}

async function dropped({ engine }: Context, { name }: ColumnCutover): Promise<RunbackError> {
  const [gate] = await newestEvidence(engine, engine.dialect, { cutover: name, kind: "gate", limit: 1 });
  const { conditions = [] } = (gate?.data ?? {}) as { conditions?: readonly { id: string; measured: unknown }[] };
  const snapshotId = conditions.find(({ id }) => id === "snapshot")?.measured;
  return new RunbackError(
    "CUTOVER_DROPPED",
    `The legacy column of ${name} is dropped: no phase brings its values back.`,
    {
      recovery: `Nothing was changed. Only a snapshot has them${
        typeof snapshotId === "string" ? `: \`runback snapshot restore ${snapshotId} --into <url>\` shows them` : ""
      }.`,
      status: 409,
      details: { snapshotId: snapshotId ?? null },
    },
  );
}

function elsewhere(cutover: ColumnCutover, from: Position, back: Position, wanted: string): RunbackError {
  return new RunbackError(
    "CUTOVER_ELSEWHERE",
    `${cutover.name} is at ${positionText(from)}: a step back leads to ${positionText(back)}, not to ${wanted.slice(0, 20)}.`,
    { recovery: "Nothing was changed. Moves go one phase at a time: leave --to out, or name that one.", status: 409 },
  );
}

function syncStopped({ name }: ColumnCutover, runId: string): RunbackError {
  return new RunbackError(
    "CUTOVER_SYNC_STOPPED",
    `The legacy column of ${name} is not up to date yet (run ${runId}).`,
    {
      recovery: `The phase is taken back and the committed steps are kept. Go on with \`runback cutover retreat ${name}\`.`,
      status: 409,
      details: { runId },
    },
  );
}
