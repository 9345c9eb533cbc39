import type { ColumnCutover } from "./column-cutover.ts";
import type { Bridge, CutoverDialect } from "./cutover-dialect.ts";
import { mappingCase } from "./mapping-case.ts";
import { objectName } from "./object-name.ts";

/**
 * How bridge triggers are called. While rows are put back they are silent, as all triggers of users: rows come back as they
 * were. But images from before the new column do not hold it: there the bridge is what sets it.
 */
export const bridgePrefix = "cutover_";

/**
 * Triggers that keep both columns in step for writers that set one: a new legacy value is mapped, a new code becomes the
 * legacy value of the same name. A writer that sets both is left alone, but for a code that is emptied: it becomes that of
 * the legacy value again. An unlisted legacy value leaves NULL: quarantined.
 */
export function bridgeTriggers(
  cutover: ColumnCutover,
  dialect: CutoverDialect,
): { readonly create: readonly string[]; readonly drop: readonly string[] } {
  const base = {
    // Not among Runback's own (`runback_…`): snapshots carry these, and a rollback keeps them silent.
    name: objectName(`${bridgePrefix}${cutover.table.name}_${cutover.column}`),
    table: dialect.table(cutover.table),
    key: cutover.key,
  };
  const bridges: Bridge[] = [
    {
      ...base,
      from: cutover.legacy,
      to: cutover.column,
      fills: true,
      value: (row) => mappingCase(cutover, dialect, `${row}.${dialect.id(cutover.legacy)}`),
    },
    {
      ...base,
      from: cutover.column,
      to: cutover.legacy,
      fills: false,
      value: (row) => legacyOf(cutover, dialect, row),
    },
  ];
  return { create: dialect.grammar.createBridge(dialect, bridges), drop: dialect.grammar.dropBridge(dialect, bridges) };
}

/** A code as a legacy value. One that means the same already keeps its spelling. */
function legacyOf(cutover: ColumnCutover, dialect: CutoverDialect, row: string): string {
  const legacy = `${row}.${dialect.id(cutover.legacy)}`;
  const code = `${row}.${dialect.id(cutover.column)}`;
  return `CASE WHEN ${dialect.isDistinct(mappingCase(cutover, dialect, legacy), code)} THEN ${code} ELSE ${legacy} END`;
}
