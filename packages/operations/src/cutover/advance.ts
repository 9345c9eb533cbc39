import {
  type ColumnCutover,
  type CutoverStep,
  dropLegacy,
  type Engine,
  type Lease,
  phaseDdl,
  RunbackError,
} from "@runback/core";
import { assertApproval } from "../approvals/approvals.ts";
import { requireAuditTable } from "../audit/require-audit-table.ts";
import type { Context } from "../context.ts";
import { assertNotFrozen } from "../freeze/assert-not-frozen.ts";
import { createRunId } from "../random-id.ts";
import { applyDdl } from "./apply-ddl.ts";
import { cutoverGate, dropDigest, finished, type GateOptions } from "./gate.ts";
import type { GateResult } from "./gate-result.ts";
import { assertShape, beginMove, endMove, isAt, type MoveOptions, recordMove, underLease } from "./move.ts";
import { isTrailing, movingOf, nextPosition, type Position, positionName, positionText } from "./positions.ts";
import { definitionOf, type StoredCutover, shapeOf, storedCutover } from "./stored-cutover.ts";

export interface AdvanceOptions extends MoveOptions, GateOptions {
  /** Where it shall lead: `0` to `5`, `dropped`. Already there, nothing is done. */
  readonly to?: string;
  /** Of a second person, for dropping the legacy column. */
  readonly approval?: string;
}

/** The document `cutover advance --json` prints. */
export interface AdvanceResult {
  readonly cutover: string;
  /** False when it was there already. */
  readonly moved: boolean;
  readonly from: Position;
  readonly to: Position;
  readonly since: string | null;
  readonly gate: GateResult | null;
}

/**
 * Enters the next phase: measures its gate under the cutover's lease, changes the schema, and puts it on record. Killed in the
 * middle, it is called again and goes on: nothing is done twice.
 *
 * @throws `GATE_CLOSED`, `APPROVAL_REQUIRED`, `CUTOVER_FINISHED`, `CUTOVER_CHANGED`, `CUTOVER_ELSEWHERE`, `CUTOVER_RETREATING`, `LEASE_HELD`, `TARGET_FROZEN`, what the
 *   database says to a schema change
 */
export async function advanceCutover(
  context: Context,
  cutover: ColumnCutover,
  options: AdvanceOptions,
): Promise<AdvanceResult> {
  const { engine, logger } = context;
  await engine.init();
  await assertNotFrozen(context);
  await requireAuditTable(context, options.auditTable);
  return await underLease(context, cutover, createRunId(context), async (lease) => {
    const stored = await trailed(context, lease, cutover, options.operator);
    const from = { phase: stored.phase, state: stored.state };
    if (options.to !== undefined && isAt(stored, options.to))
      return { cutover: cutover.name, moved: false, from, to: from, since: stored.since, gate: null };
    const next = nextPosition(stored);
    if (next === null) throw finished(cutover);
    if (options.to !== undefined && positionName(next) !== options.to) throw elsewhere(cutover, from, next, options.to);
    const moving = movingOf(stored)?.kind;
    if (moving === "retreat" || moving === "sync") throw retreating(cutover, from, moving);
    assertShape(cutover, stored);
    const gate = await cutoverGate(context, cutover, options);
    if (!gate.open) throw gateClosed(gate);
    if (next.state === "dropped")
      await engine.transaction((tx) =>
        assertApproval(context, tx, options.approval, dropDigest(stored), options.operator),
      );
    const begun = await beginMove(context, lease, stored, `advance:${positionName(next)}`, options.operator);
    let since: string | null = null;
    const { steps, trail } = stepsInto(engine, cutover, next);
    await applyDdl(context, cutover, steps, async (tx) => {
      const reached = await recordMove(context, tx, lease, {
        ...{ operator: options.operator, auditTable: options.auditTable },
        ...{
          kind: "advance",
          from: begun,
          to: { ...begun, ...next, ...entering(cutover, begun, gate), moving: trail.length > 0 ? begun.moving : null },
        },
        data: {
          counts: gate.counts,
          measuredAt: gate.measuredAt,
          conditions: gate.conditions.map(({ id, measured }) => ({ id, measured })),
          ...(options.approval === undefined ? {} : { approval: options.approval }),
        },
      });
      since = reached.since;
    });
    if (trail.length > 0) await makeTrail(context, lease, cutover, next, options.operator);
    logger.log("info", "cutover.advanced", { cutover: cutover.name, from: positionName(from), to: positionName(next) });
    return { cutover: cutover.name, moved: true, from, to: next, since, gate };
  });
}

/** Where the cutover is, with what was to follow the record of its phase made, when who recorded it did not come to that. */
async function trailed(
  context: Context,
  lease: Lease,
  cutover: ColumnCutover,
  operator: string,
): Promise<StoredCutover> {
  const { engine } = context;
  const stored = await storedCutover(engine, engine.dialect, cutover);
  if (!isTrailing(stored)) return stored;
  assertShape(cutover, stored);
  return await makeTrail(context, lease, cutover, stored, operator);
}

async function makeTrail(
  context: Context,
  lease: Lease,
  cutover: ColumnCutover,
  at: Position,
  operator: string,
): Promise<StoredCutover> {
  await applyDdl(context, cutover, stepsInto(context.engine, cutover, at).trail, async () => {});
  return await endMove(context, lease, cutover, operator);
}

/** What leads into a position, and what is made once it is on record: nothing, where all of it is one transaction. */
function stepsInto(
  { dialect, capabilities }: Engine,
  cutover: ColumnCutover,
  to: Position,
): { readonly steps: readonly CutoverStep[]; readonly trail: readonly CutoverStep[] } {
  if (to.state === "dropped") return { steps: [dropLegacy(cutover, dialect)], trail: [] };
  const { up } = phaseDdl(cutover, to.phase, dialect);
  if (capabilities.transactionalDdl) return { steps: up, trail: [] };
  return { steps: up.filter(({ follows }) => !follows), trail: up.filter(({ follows }) => follows) };
}

/** What a position keeps of how it was entered. */
function entering(
  cutover: ColumnCutover,
  stored: StoredCutover,
  gate: GateResult,
): Pick<StoredCutover, "shapeSha256" | "definitionSha256" | "guardCommit"> {
  const guard = gate.conditions.find(({ id }) => id === "guard");
  // Bridge triggers are made in phase 1 and keep the mapping of that moment.
  const mapped = cutover.dualWrite === "bridge" && [2, 3].includes(gate.to.phase);
  return {
    shapeSha256: shapeOf(cutover),
    definitionSha256: mapped ? stored.definitionSha256 : definitionOf(cutover),
    guardCommit: typeof guard?.measured === "string" ? guard.measured : stored.guardCommit,
  };
}

function gateClosed(gate: GateResult): RunbackError {
  const closed = gate.conditions.filter(({ holds }) => !holds);
  return new RunbackError(
    "GATE_CLOSED",
    `The gate of ${gate.cutover} to ${positionText(gate.to)} is closed: ${closed.map(({ id, why }) => `${id} (${why})`).join("; ")}.`,
    {
      recovery: `Nothing was changed. Put right what is named, see it with \`runback cutover gate ${gate.cutover}\`, then advance again.`,
      exit: 1,
      status: 409,
      details: { gate },
    },
  );
}

function retreating(cutover: ColumnCutover, from: Position, moving: "retreat" | "sync"): RunbackError {
  const half = `A retreat of ${cutover.name} ${moving === "sync" ? "to" : "from"} ${positionText(from)} was begun and is not finished`;
  return new RunbackError(
    "CUTOVER_RETREATING",
    `${half}: its ${moving === "sync" ? "legacy column is not up to date yet" : "schema is between two phases"}.`,
    { recovery: `Nothing was changed. Finish it first: \`runback cutover retreat ${cutover.name}\`.`, status: 409 },
  );
}

function elsewhere(cutover: ColumnCutover, from: Position, next: Position, wanted: string): RunbackError {
  return new RunbackError(
    "CUTOVER_ELSEWHERE",
    `${cutover.name} is at ${positionText(from)}: a step leads to ${positionText(next)}, not to ${wanted.slice(0, 20)}.`,
    { recovery: "Nothing was changed. Moves go one phase at a time: leave --to out, or name that one.", status: 409 },
  );
}
