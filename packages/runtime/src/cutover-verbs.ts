import { type ColumnCutover, RunbackError } from "@runback/core";
import * as operations from "@runback/operations";
import { mainTrail } from "./audit-trails.ts";
import type { RunbackConfig } from "./config.ts";

type Asked<Options> = Omit<Options, "auditTable">;

/** The configured column cutovers of one target, wired. Every verb throws `CUTOVER_UNKNOWN` for a name that none has. */
export interface CutoverVerbs {
  list(): Promise<operations.CutoverShown[]>;
  show(name: string): Promise<operations.CutoverShown>;
  gate(name: string, options: operations.GateOptions): Promise<operations.GateResult>;
  advance(name: string, options: Asked<operations.AdvanceOptions>): Promise<operations.AdvanceResult>;
  retreat(name: string, options: Asked<operations.RetreatOptions>): Promise<operations.RetreatResult>;
  compare(
    name: string,
    options: { readonly operator: string; readonly comparing: boolean },
  ): Promise<operations.CutoverShown>;
  metrics(name: string): Promise<operations.CutoverMetrics>;
  recordMetrics(name: string, report: operations.MetricsReport): Promise<operations.MetricsRecorded>;
  definition(name: string): ColumnCutover;
  /** What its monitor runs. */
  monitor(name: string): Promise<operations.CutoverMonitored>;
}

export function cutoverVerbs(context: operations.Context, config: RunbackConfig): CutoverVerbs {
  const cutovers = config.cutovers ?? [];
  const auditTable = mainTrail(config);
  const definition = (name: string): ColumnCutover => {
    const found = cutovers.find((each) => each.name === name);
    if (found !== undefined) return found;
    throw new RunbackError("CUTOVER_UNKNOWN", `The configuration has no cutover named ${name.slice(0, 80)}.`, {
      recovery: `Cutovers of this installation: ${cutovers.map((each) => each.name).join(", ") || "none"}. Nothing was changed.`,
      status: 404,
    });
  };
  return {
    definition,
    list: async () => {
      const shown: operations.CutoverShown[] = [];
      for (const cutover of cutovers) shown.push(await operations.showCutover(context, cutover));
      return shown;
    },
    show: async (name) => await operations.showCutover(context, definition(name)),
    gate: async (name, options) => await operations.cutoverGate(context, definition(name), options),
    advance: async (name, options) =>
      await operations.advanceCutover(context, definition(name), { ...options, auditTable }),
    retreat: async (name, options) =>
      await operations.retreatCutover(context, definition(name), { ...options, auditTable }),
    compare: async (name, options) =>
      await operations.compareColumns(context, definition(name), { ...options, auditTable }),
    metrics: async (name) => await operations.readMetrics(context, definition(name)),
    recordMetrics: async (name, report) => await operations.recordMetrics(context, definition(name), report),
    monitor: async (name) => await operations.monitorCutover(context, definition(name)),
  };
}
