import { type ColumnCutover, type ComparisonGate, type Engine, gatesOf } from "@runback/core";
import type { GateCondition } from "./gate-result.ts";
import { comparedSince, type MetricSums } from "./read-metrics.ts";
import type { StoredCutover } from "./stored-cutover.ts";

type Compared = (MetricSums & { readonly since: string }) | null;

/** What the applications that the gate names compared. */
export async function comparedIn(engine: Engine, cutover: ColumnCutover, stored: StoredCutover): Promise<Compared> {
  const { comparisons } = gatesOf(cutover);
  return await comparedSince(engine, engine.dialect, cutover, stored, comparisons?.from ?? []);
}

export function comparisonsNeeded(gate: ComparisonGate | null): string {
  if (gate === null) return "nothing";
  return `${gate.atLeast} reads of both columns equal since the phase began, none different, failed or lost, as ${gate.from.join(", ")} reported`;
}

/** Equal ones open it; a single one that was not, could not be compared, or was lost, keeps it closed until a new count begins. */
export function comparisonsOutcome(
  compared: Compared,
  { name, comparing }: Pick<StoredCutover, "name" | "comparing">,
  gate: ComparisonGate | null,
): Pick<GateCondition, "holds" | "measured" | "why"> {
  const fails = (measured: number | null, why: string) => ({ holds: false, measured, why });
  if (gate === null || compared === null) return fails(null, "the phase was not begun");
  if (!comparing) return fails(null, `both columns are not compared: runback cutover compare ${name} on`);
  const { equal, different, unknown, failed, dropped, since } = compared;
  const wrong = [
    ...(different > 0 ? [`${different} of ${compared.compared} were different`] : []),
    ...(unknown > 0 ? [`${unknown} could not be compared`] : []),
    ...(failed > 0 ? [`${failed} reads of the new column failed`] : []),
    ...(dropped > 0 ? [`${dropped} were lost before they were reported`] : []),
  ];
  if (wrong.length > 0)
    return fails(
      equal,
      `since ${since} ${wrong.join(", ")}: put it right, then begin a new count with runback cutover compare ${name} off and on`,
    );
  if (equal === 0) return fails(0, `nothing was reported since ${since}`);
  return equal < gate.atLeast
    ? fails(equal, `only ${equal} since ${since}`)
    : { holds: true, measured: equal, why: null };
}
