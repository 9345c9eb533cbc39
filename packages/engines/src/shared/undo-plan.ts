import {
  addCounts,
  digestOf,
  noCounts,
  qualifiedName,
  type Table,
  type UndoConflict,
  type UndoCounts,
  type UndoPlan,
  type UndoRequest,
} from "@runback/core";

/** Conflicts a plan lists by key; beyond that it gives counts. */
export const conflictsListed = 1_000;

/** What an engine found out about a run that is to be taken back. */
export interface UndoFindings {
  readonly tables: Readonly<Record<string, UndoCounts>>;
  /** What would be done, row by row: the same findings, the same value. */
  readonly fingerprint: readonly unknown[];
  readonly conflicts: readonly UndoConflict[];
  readonly keyChange: boolean;
  readonly uniqueOrder: boolean;
  readonly circle: boolean;
}

export function undoPlan({ runId, policy }: UndoRequest, found: UndoFindings): UndoPlan {
  const { tables, fingerprint, conflicts, keyChange, uniqueOrder, circle } = found;
  return {
    tables,
    conflictCount: Object.values(tables).reduce((sum, each) => sum + each.edited + each.missing + each.referenced, 0),
    conflicts,
    digest: digestOf({ runId, policy, tables, fingerprint }),
    replay: keyChange ? "key-change" : uniqueOrder ? "unique-order" : circle ? "reference-circle" : null,
  };
}

/** Counts of one table's rows from counts by class. */
export function countsOf(
  rows: readonly { readonly class: keyof UndoCounts; readonly rows: string | number }[],
): UndoCounts {
  return rows.reduce((sum, row) => addCounts(sum, { ...noCounts, [row.class]: Number(row.rows) }), noCounts);
}

export function undoConflict(
  table: Table,
  key: readonly string[],
  { class: name, detail }: { readonly class: UndoConflict["class"]; readonly detail: string | null },
): UndoConflict {
  const ordinary = name === "edited" ? "changed since the run" : "deleted since the run";
  return { table: qualifiedName(table), key, class: name, detail: detail ?? ordinary };
}
