import { type ColumnCutover, digestOf, gatesOf, RunbackError, retiredName } from "@runback/core";
import type { Context } from "../context.ts";
import { addEvidence, type Evidence, newestEvidence, type StoredEvidence } from "./evidence.ts";
import { comparedIn, comparisonsNeeded, comparisonsOutcome } from "./gate-comparisons.ts";
import { conditionsFor } from "./gate-conditions.ts";
import type { ConditionId, GateCondition, GateResult } from "./gate-result.ts";
import { type GuardVerdict, guardVerdict, verdictProblem } from "./guard-verdict.ts";
import { grown } from "./monitor-verdict.ts";
import { movingOf, nextPosition, type Position, positionName } from "./positions.ts";
import { provenSnapshot } from "./proven-snapshot.ts";
import { type RowCounts, rowCounts, unfitParts, whyFailed } from "./row-counts.ts";
import { definitionOf, type StoredCutover, shapeOf, storedCutover } from "./stored-cutover.ts";

export interface GateOptions {
  readonly operator: string;
  /** A report of the guard to put on record first. */
  readonly guardReport?: unknown;
  /** The commit that the guard must have passed on: what is deployed. */
  readonly revision?: string;
}

/** A monitor that did not run for so long says nothing about now. */
const monitorAgeMs = 60 * 60 * 1000;

/**
 * Measures everything the next move needs, now, and puts it on record. A condition that cannot be measured does not hold and
 * says why; the others are measured all the same.
 *
 * @throws `CUTOVER_FINISHED` when nothing comes next; `GUARD_REPORT_INVALID`
 */
export async function cutoverGate(context: Context, cutover: ColumnCutover, options: GateOptions): Promise<GateResult> {
  const { engine, clock } = context;
  await engine.init();
  const stored = await storedCutover(engine, engine.dialect, cutover);
  const to = nextPosition(stored);
  if (to === null) throw finished(cutover);
  if (options.guardReport !== undefined) await recordGuard(context, cutover, stored, options);
  const { conditions, counts } = await measure(context, cutover, stored, to, options);
  const result: GateResult = {
    cutover: cutover.name,
    from: { phase: stored.phase, state: stored.state },
    to,
    open: conditions.every(({ holds }) => holds),
    measuredAt: clock.now().toISOString(),
    conditions,
    counts,
    approvalDigest: to.state === "dropped" ? dropDigest(stored) : null,
  };
  await engine.transaction((tx) => addEvidence(tx, engine.dialect, gateEvidence(result, options.operator)));
  return result;
}

export function finished(cutover: ColumnCutover): RunbackError {
  return new RunbackError("CUTOVER_FINISHED", `The cutover ${cutover.name} is done: its legacy column is dropped.`, {
    recovery:
      "Nothing is left to do. Take its definition out of the configuration when nobody reads its flags any more.",
    status: 409,
  });
}

/** What a second person signs before the legacy column is dropped: this cutover, since this rename. */
export function dropDigest({ name, since, shapeSha256 }: StoredCutover): string {
  return digestOf({ cutover: name, move: "drop", since, shape: shapeSha256 });
}

function gateEvidence(result: GateResult, operator: string): Evidence {
  return {
    cutover: result.cutover,
    kind: "gate",
    phase: result.from.phase,
    outcome: result.open ? "open" : "closed",
    at: result.measuredAt,
    operator,
    data: { to: positionName(result.to), conditions: result.conditions, counts: result.counts },
  };
}

async function recordGuard(
  { engine, clock }: Context,
  cutover: ColumnCutover,
  stored: StoredCutover,
  { guardReport, operator }: GateOptions,
): Promise<void> {
  const verdict = guardVerdict(cutover, guardReport);
  await engine.transaction((tx) =>
    addEvidence(tx, engine.dialect, {
      cutover: cutover.name,
      kind: "guard",
      phase: stored.phase,
      outcome: verdictProblem(verdict, undefined) === null ? "passed" : "failed",
      at: clock.now().toISOString(),
      operator,
      data: verdict,
    }),
  );
}

type Outcome = Pick<GateCondition, "holds" | "measured" | "why">;
const holds = (measured: GateCondition["measured"]): Outcome => ({ holds: true, measured, why: null });
const fails = (measured: GateCondition["measured"], why: string): Outcome => ({ holds: false, measured, why });

async function measure(
  context: Context,
  cutover: ColumnCutover,
  stored: StoredCutover,
  to: Position,
  { revision }: GateOptions,
): Promise<{ conditions: GateCondition[]; counts: RowCounts | null }> {
  const { engine, clock } = context;
  const { snapshotMaxAgeHours, cleanMonitorRuns, observationHours, comparisons } = gatesOf(cutover);
  const asked = conditionsFor(to, cutover);
  const counted = asked.some((id) => rowConditions.includes(id));
  const counts = counted ? await rowCounts(engine, cutover, stored).catch((error: unknown) => whyFailed(error)) : null;
  const noneOf = (name: string, pick: (all: RowCounts) => number | undefined): Outcome => {
    if (counts === null || typeof counts === "string") return fails(null, counts ?? "it was not measured");
    const rows = pick(counts);
    if (rows === undefined) return fails(null, "it was not measured");
    return rows === 0 ? holds(0) : fails(rows, `${rows} ${rows === 1 ? "row" : "rows"} ${name}`);
  };
  const inPhase = async (kind: "monitor" | "guard" | "advance", limit: number) =>
    (await newestEvidence(engine, engine.dialect, { cutover: cutover.name, kind, limit })).filter(
      (each) => stored.since !== null && Date.parse(each.at) >= Date.parse(stored.since),
    );

  const measures: Record<ConditionId, { needed: string; now: () => Promise<Outcome> | Outcome }> = {
    definition: {
      needed: "the definition is the one the cutover was begun with",
      now: () => definitionOutcome(cutover, stored),
    },
    schema: {
      needed: "the table and its columns are there",
      now: async () => {
        const unfit = await unfitParts(engine, cutover, columnsAt(cutover, stored));
        return unfit === null ? holds(cutover.table.name) : fails(null, unfit);
      },
    },
    snapshot: {
      needed: `a snapshot of at most ${snapshotMaxAgeHours} h${to.phase === 5 ? ", taken in this phase," : ""} that was verified`,
      now: async () => {
        const found = await provenSnapshot(context, {
          table: cutover.table,
          maxAgeHours: snapshotMaxAgeHours,
          notBefore: to.phase === 5 ? stored.since : null,
        });
        return "why" in found ? fails(null, found.why) : holds(found.snapshotId);
      },
    },
    "dual-write": {
      needed: "writers set both columns: some row has a code, and of no code rows without it became more",
      now: async () => {
        if (counts === null || typeof counts === "string") return fails(null, counts ?? "it was not measured");
        const [last] = [...(await inPhase("monitor", 1)), ...(await inPhase("advance", 1))]
          .filter((each) => countsOf(each) !== undefined)
          .sort((a, b) => Number(b.seq) - Number(a.seq));
        if (last === undefined) return fails(null, "nothing was counted since this phase began: run its monitor");
        const more = grown(counts, countsOf(last));
        const written = counts.total - counts.nullRows;
        if (more > 0) return fails(more, `${more} rows were written in the legacy column alone since ${last.at}`);
        if (written === 0 && counts.total > 0)
          return fails(0, "no row has a code yet: nothing shows that writers set the new column");
        return holds(written);
      },
    },
    "null-rows": { needed: "0", now: () => noneOf("without a code", (all) => all.nullRows) },
    mismatched: {
      needed: "0",
      now: () => noneOf("whose code is not the legacy value's", (all) => all.mismatched),
    },
    quarantined: { needed: "0", now: () => noneOf("with a legacy value that no code lists", (all) => all.quarantined) },
    invalid: { needed: "0", now: () => noneOf("with a code that is none", (all) => all.invalid) },
    "monitor-runs": {
      needed: `${cleanMonitorRuns} in a row in this phase, the last within the hour`,
      now: async () => runsOutcome(await inPhase("monitor", cleanMonitorRuns), cleanMonitorRuns, clock.now()),
    },
    observation: {
      needed: `${observationHours[stored.phase]} h in this phase`,
      now: () => {
        if (stored.since === null) return fails(null, "the phase was not begun");
        const hours = (clock.now().getTime() - Date.parse(stored.since)) / (60 * 60 * 1000);
        const shown = Math.floor(hours * 10) / 10;
        return hours >= observationHours[stored.phase]
          ? holds(shown)
          : fails(shown, `it is watched since ${stored.since}`);
      },
    },
    comparisons: {
      needed: comparisonsNeeded(comparisons),
      now: async () => comparisonsOutcome(await comparedIn(engine, cutover, stored), stored, comparisons),
    },
    guard: {
      needed: `passed on ${revision ?? "a named commit"} with the rules of phase 4, recorded in this phase`,
      now: async () => {
        const [newest] = await inPhase("guard", 1);
        if (newest === undefined) return fails(null, "no report of the guard was recorded in this phase");
        const verdict = newest.data as GuardVerdict;
        const problem = verdictProblem(verdict, revision);
        return problem === null ? holds(verdict.commit) : fails(verdict.commit, problem);
      },
    },
  };
  const conditions: GateCondition[] = [];
  for (const id of asked) {
    const { needed, now } = measures[id];
    let outcome: Outcome;
    try {
      outcome = await now();
    } catch (error) {
      outcome = fails(null, `it cannot be measured: ${whyFailed(error)}`);
    }
    conditions.push({ id, holds: outcome.holds, measured: outcome.measured, needed, why: outcome.why });
  }
  return { conditions, counts: typeof counts === "string" ? null : counts };
}

const rowConditions: readonly ConditionId[] = ["dual-write", "null-rows", "mismatched", "quarantined", "invalid"];

/** The columns that a position has. A rename that was cut short may have happened already. */
function columnsAt(cutover: ColumnCutover, stored: StoredCutover): readonly string[] {
  const { phase, state } = stored;
  if (state === "planned") return [cutover.legacy];
  const legacy = phase === 5 ? retiredName(cutover) : cutover.legacy;
  return movingOf(stored)?.kind === "advance" && phase >= 4 ? [cutover.column] : [legacy, cutover.column];
}

function definitionOutcome(cutover: ColumnCutover, stored: StoredCutover): Outcome {
  if (stored.state === "planned") return holds("unchanged");
  if (stored.shapeSha256 !== shapeOf(cutover))
    return fails("changed", "its table, columns, codes or writer of both columns changed since it was begun");
  if (
    cutover.dualWrite === "bridge" &&
    [1, 2, 3].includes(stored.phase) &&
    stored.definitionSha256 !== definitionOf(cutover)
  )
    return fails(
      "changed",
      "its bridge triggers still have the mapping from before: retreat to phase 0 and advance again",
    );
  return holds("unchanged");
}

/** Counts of a piece of evidence that counted. */
export function countsOf({ data }: Pick<StoredEvidence, "data">): RowCounts | undefined {
  return (data as { counts?: RowCounts | null } | null)?.counts ?? undefined;
}

function runsOutcome(runs: readonly StoredEvidence[], wanted: number, now: Date): Outcome {
  const dirty = runs.findIndex(({ outcome }) => outcome !== "clean");
  const clean = dirty === -1 ? runs.length : dirty;
  const [last] = runs;
  if (last === undefined) return fails(0, "the monitor did not run in this phase");
  if (clean < wanted)
    return fails(
      clean,
      dirty === -1 ? `only ${clean} ran in this phase` : `the run of ${runs[dirty]!.at} was not clean`,
    );
  if (now.getTime() - Date.parse(last.at) > monitorAgeMs) return fails(clean, `it did not run since ${last.at}`);
  return holds(clean);
}
