import { RunbackError } from "../error.ts";
import type { ColumnCutover } from "./column-cutover.ts";
import { flagValues } from "./cutover-states.ts";
import { defineCutover } from "./define-cutover.ts";

/**
 * Checks every cutover of an installation, and that no two have one name, or answer one flag: where such a cutover is would be
 * told by the other one.
 *
 * @throws `CUTOVER_INVALID`
 */
export function assertCutovers(cutovers: readonly ColumnCutover[]): void {
  const states = cutovers.map((cutover) => ({ cutover: defineCutover(cutover), phase: 0 as const }));
  const seen = new Set<string>();
  const twice = flagValues(states).flatMap(({ key }) => (seen.has(key) || !seen.add(key) ? [key] : []));
  if (twice.length === 0) return;
  throw new RunbackError(
    "CUTOVER_INVALID",
    `Cutovers and their flags have one name: ${[...new Set(twice)].join(", ")}.`,
    {
      recovery:
        "Give each cutover of the configuration, and each of its flags, a name of its own. Nothing was done with them.",
      details: { wrong: twice },
    },
  );
}
