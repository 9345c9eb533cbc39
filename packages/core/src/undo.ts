/** What a rollback would do with each row of a run. Exactly one class a row; the counts sum to the rows of the run. */
export type UndoClass = "reverted" | "already" | "edited" | "missing" | "referenced";

export const undoClasses: readonly UndoClass[] = ["reverted", "already", "edited", "missing", "referenced"];

export type UndoCounts = Readonly<Record<UndoClass, number>>;

export type ConflictPolicy = "abort" | "skip" | "force";

export interface UndoConflict {
  readonly table: string;
  /** Key values as text, in key order; ids only. */
  readonly key: readonly string[];
  readonly class: Exclude<UndoClass, "reverted" | "already">;
  readonly detail: string;
}

export const noCounts: UndoCounts = { reverted: 0, already: 0, edited: 0, missing: 0, referenced: 0 };

export function addCounts(a: UndoCounts, b: UndoCounts): UndoCounts {
  return {
    reverted: a.reverted + b.reverted,
    already: a.already + b.already,
    edited: a.edited + b.edited,
    missing: a.missing + b.missing,
    referenced: a.referenced + b.referenced,
  };
}

export function totalRows(counts: UndoCounts): number {
  return undoClasses.reduce((sum, name) => sum + counts[name], 0);
}

export function conflictRows(counts: UndoCounts): number {
  return counts.edited + counts.missing + counts.referenced;
}
