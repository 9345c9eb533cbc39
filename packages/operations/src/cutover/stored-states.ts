import type { ColumnCutover, CutoverStates, Engine } from "@runback/core";
import { storedCutovers } from "./stored-cutover.ts";

/** The phases of the configured cutovers as the target keeps them: what flags are evaluated from. */
export function storedStates(engine: Engine, cutovers: readonly ColumnCutover[]): CutoverStates {
  return {
    states: async () => {
      // One that was never begun is in phase 0. A target that cannot be asked throws.
      const stored = new Map((await storedCutovers(engine, engine.dialect)).map((each) => [each.name, each]));
      return cutovers.map((cutover) => {
        const { phase = 0, comparing = true } = stored.get(cutover.name) ?? {};
        return { cutover, phase, comparing };
      });
    },
  };
}
