import { type ColumnCutover, flagsIn, phases, type Stage, stageOf } from "@runback/core";
import type { Context } from "../context.ts";
import { newestEvidence, type StoredEvidence } from "./evidence.ts";
import { conditionsFor } from "./gate-conditions.ts";
import type { GateCondition } from "./gate-result.ts";
import { nextPosition, type Position } from "./positions.ts";
import { type CutoverMetrics, readMetrics } from "./read-metrics.ts";
import { definitionOf, type StoredCutover, shapeOf, storedCutover } from "./stored-cutover.ts";

/** The document `cutover show --json` prints. */
export interface CutoverShown {
  readonly cutover: string;
  readonly table: string;
  readonly legacy: string;
  readonly column: string;
  readonly phase: StoredCutover["phase"];
  readonly phaseName: string;
  readonly state: StoredCutover["state"];
  readonly since: string | null;
  readonly stage: Stage;
  readonly flags: Readonly<Record<string, boolean>>;
  /** A move that was begun and not finished: advance or retreat again. */
  readonly moving: string | null;
  /** The definition is not the one the phase was entered with. */
  readonly definitionChanged: boolean;
  readonly guardCommit: string | null;
  /** Null after the drop. */
  readonly next: (Position & { readonly needs: readonly string[] }) | null;
  /** The last gate of this move as it was measured; null when it was not since the phase began. */
  readonly gate: { readonly open: boolean; readonly at: string; readonly conditions: readonly GateCondition[] } | null;
  readonly monitor: { readonly outcome: string; readonly at: string; readonly data: unknown } | null;
  /** What applications reported of their writes and shadow reads; null when nothing in the last 24 hours. */
  readonly metrics: CutoverMetrics | null;
  /** Newest first. */
  readonly history: readonly Pick<StoredEvidence, "kind" | "phase" | "outcome" | "at" | "operator">[];
}

/** Where a cutover is and what its next gate needs, from what is on record: nothing is measured. */
export async function showCutover(
  context: Pick<Context, "engine" | "clock">,
  cutover: ColumnCutover,
): Promise<CutoverShown> {
  const { engine } = context;
  await engine.init();
  const { dialect } = engine;
  const stored = await storedCutover(engine, dialect, cutover);
  const next = nextPosition(stored);
  const history = await newestEvidence(engine, dialect, { cutover: cutover.name, limit: 20 });
  const inPhase = async (kind: "gate" | "monitor") => {
    const [newest] = await newestEvidence(engine, dialect, { cutover: cutover.name, kind, limit: 1 });
    if (newest === undefined) return null;
    return stored.since === null || Date.parse(newest.at) >= Date.parse(stored.since) ? newest : null;
  };
  const gate = await inPhase("gate");
  const monitor = await inPhase("monitor");
  const metrics = await readMetrics(context, cutover);
  const { phase, state, since, moving, guardCommit, comparing } = stored;
  return {
    cutover: cutover.name,
    table: cutover.table.schema === "" ? cutover.table.name : `${cutover.table.schema}.${cutover.table.name}`,
    legacy: cutover.legacy,
    column: cutover.column,
    ...{ phase, phaseName: phases[phase]!.name, state, since },
    stage: stageOf(phase, { comparing }),
    flags: flagsIn(cutover, phase),
    moving,
    definitionChanged: stored.shapeSha256 !== shapeOf(cutover) || stored.definitionSha256 !== definitionOf(cutover),
    guardCommit,
    next: next === null ? null : { ...next, needs: conditionsFor(next, cutover) },
    gate:
      gate === null
        ? null
        : {
            open: gate.outcome === "open",
            at: gate.at,
            conditions: (gate.data as { conditions: readonly GateCondition[] }).conditions,
          },
    monitor: monitor === null ? null : { outcome: monitor.outcome, at: monitor.at, data: monitor.data },
    metrics: metrics.stages.length === 0 ? null : metrics,
    history: history.map(({ kind, phase: then, outcome, at, operator }) => ({
      kind,
      phase: then,
      outcome,
      at,
      operator,
    })),
  };
}
