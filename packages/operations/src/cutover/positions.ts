import { type Phase, phases } from "@runback/core";
import type { CutoverStanding, StoredCutover } from "./stored-cutover.ts";

/** A place on the way of a cutover: planned, phases 0 to 5, dropped. */
export interface Position {
  readonly phase: Phase;
  readonly state: CutoverStanding;
}

/** Where `advance` leads; null at the end. */
export function nextPosition({ phase, state }: Position): Position | null {
  if (state === "planned") return { phase: 0, state: "entered" };
  if (state === "dropped") return null;
  return phase === 5 ? { phase: 5, state: "dropped" } : { phase: (phase + 1) as Phase, state: "entered" };
}

/** Where `retreat` leads; null where nothing leads back. */
export function previousPosition({ phase, state }: Position): Position | null {
  if (state === "planned" || state === "dropped") return null;
  return phase === 0 ? { phase: 0, state: "planned" } : { phase: (phase - 1) as Phase, state: "entered" };
}

/** How people and records name a position: `planned`, `0` to `5`, `dropped`. */
export function positionName({ phase, state }: Position): string {
  return state === "entered" ? String(phase) : state;
}

/** With the name of the phase: `3 read-pivot`. */
export function positionText(position: Position): string {
  return position.state === "entered" ? `${position.phase} ${phases[position.phase]!.name}` : position.state;
}

/** The move that was begun and is not finished, read back. */
export function movingOf({ moving }: Pick<StoredCutover, "moving">): {
  readonly kind: "advance" | "retreat" | "sync";
  readonly to: string;
} | null {
  const [kind, ...to] = moving?.split(":") ?? [];
  if (kind !== "advance" && kind !== "retreat" && kind !== "sync") return null;
  return { kind, to: to.join(":") };
}

/** The phase is entered and on record, and what follows that is not made yet: it is made before anything else. */
export function isTrailing(stored: StoredCutover): boolean {
  const moving = movingOf(stored);
  return moving?.kind === "advance" && stored.state === "entered" && moving.to === positionName(stored);
}
