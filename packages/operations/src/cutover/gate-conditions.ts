import type { ColumnCutover } from "@runback/core";
import type { ConditionId } from "./gate-result.ts";
import type { Position } from "./positions.ts";

/** What must hold before a position is entered: docs/cutover.md has this as a table. */
export function conditionsFor(to: Position, { gates }: Pick<ColumnCutover, "gates"> = {}): readonly ConditionId[] {
  if (to.state === "dropped") return ["definition", "schema", "snapshot", ...settled, "guard"];
  switch (to.phase) {
    case 0:
      return ["definition", "schema", "snapshot"];
    case 1:
      return ["definition", "schema", "invalid"];
    case 2:
      return ["definition", "schema", "snapshot", "dual-write", "mismatched", "invalid", "monitor-runs", "observation"];
    case 3:
      return [
        ...(["definition", "schema", "null-rows", "mismatched", "quarantined", "invalid"] as const),
        ...(["monitor-runs", "observation"] as const),
        ...(gates?.comparisons === undefined ? [] : (["comparisons"] as const)),
      ];
    case 4:
      return [
        ...(["definition", "schema", "snapshot", "null-rows", "mismatched", "quarantined", "invalid"] as const),
        ...(["monitor-runs", "observation", "guard"] as const),
      ];
    case 5:
      return ["definition", "schema", "snapshot", ...settled, "guard"];
  }
}

const settled = ["null-rows", "invalid", "monitor-runs", "observation"] as const;
