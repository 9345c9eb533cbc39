import type { ColumnCutover, Phase } from "./column-cutover.ts";
import { flagsIn, type Stage, stageOf } from "./flags.ts";

/** Where one cutover is. */
export interface CutoverState {
  readonly cutover: ColumnCutover;
  readonly phase: Phase;
  /** Both columns are read and compared in phases 2 and 3; default true. */
  readonly comparing?: boolean;
  /** Since when the phase runs, or both columns are compared, whichever is later: comparisons are counted from there. */
  readonly since?: string | null;
}

/** Where the phases of cutovers are kept. */
export interface CutoverStates {
  /** @throws when they cannot be read: a flag is never guessed */
  states(): Promise<readonly CutoverState[]>;
}

/** One flag with its value. A cutover's stage is the flag that is called like the cutover. */
export interface FlagValue {
  readonly key: string;
  readonly value: boolean | Stage;
  /** The value's name, as flag systems call it. */
  readonly variant: string;
  readonly cutover: string;
  readonly phase: Phase;
  /** That of its cutover's state. */
  readonly since: string | null;
}

/** Every flag of every cutover. */
export function flagValues(states: readonly CutoverState[]): FlagValue[] {
  return states.flatMap(({ cutover, phase, comparing, since = null }) => {
    const stage = stageOf(phase, comparing === undefined ? {} : { comparing });
    return [
      ...Object.entries(flagsIn(cutover, phase)).map(([key, value]) => ({
        key,
        value,
        variant: value ? "on" : "off",
        cutover: cutover.name,
        phase,
        since,
      })),
      { key: cutover.name, value: stage, variant: stage, cutover: cutover.name, phase, since },
    ];
  });
}
