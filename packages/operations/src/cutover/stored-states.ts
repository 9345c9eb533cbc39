import type { ColumnCutover, CutoverStates, Engine } from "@runback/core";
import { countedSince } from "./counted-since.ts";
import { storedCutovers } from "./stored-cutover.ts";

/** The phases of the configured cutovers as the target keeps them: what flags are evaluated from. */
export function storedStates(engine: Engine, cutovers: readonly ColumnCutover[]): CutoverStates {
  return {
    states: async () => {
      // One that was never begun is in phase 0. A target that cannot be asked throws.
      const all = await storedCutovers(engine, engine.dialect);
      const stored = new Map(all.map((each) => [each.name, each]));
      const since = await countedSince(engine, engine.dialect, all);
      return cutovers.map((cutover) => {
        const { phase = 0, comparing = true } = stored.get(cutover.name) ?? {};
        return { cutover, phase, comparing, since: since.get(cutover.name) ?? null };
      });
    },
  };
}
