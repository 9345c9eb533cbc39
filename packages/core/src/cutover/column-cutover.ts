import type { TableRef } from "../catalog.ts";

/** 0 prep · 1 dual write · 2 backfill · 3 read pivot · 4 stop legacy writes · 5 cleanup. */
export type Phase = 0 | 1 | 2 | 3 | 4 | 5;

export const phases: readonly { readonly phase: Phase; readonly name: string; readonly means: string }[] = [
  { phase: 0, name: "prep", means: "the new column, its check and its index exist; nothing writes it" },
  { phase: 1, name: "dual-write", means: "every write sets both columns; the legacy one is what readers see" },
  { phase: 2, name: "backfill", means: "rows from before get the new column, in steps" },
  { phase: 3, name: "read-pivot", means: "readers see the new column; writes still set both" },
  { phase: 4, name: "stop-legacy-writes", means: "nothing writes the legacy column; the guard holds it so" },
  { phase: 5, name: "cleanup", means: "the legacy column is renamed, observed, dropped" },
];

/** One value of the new column. */
export interface CutoverCode {
  readonly code: string;
  /** What people read. */
  readonly label: string;
  /** `#rrggbb`. */
  readonly colour: string;
  /** Legacy values that mean it, compared trimmed and case-folded. The code itself always does. */
  readonly spellings: readonly string[];
}

/** A runbook's own mapping, to the letter: compared as stored, and with a default for what it does not list. */
export interface RunbookMapping {
  readonly cases: readonly { readonly code: string; readonly spellings: readonly string[] }[];
  readonly otherwise: string;
}

/**
 * Who keeps both columns in step between phases 1 and 3: the application writes both, or triggers in the database write
 * the other one for writers that cannot be changed.
 */
export type DualWrite = "application" | "bridge";

/** A flag that applications read, and the phases in which it is true. */
export interface CutoverFlag {
  readonly name: string;
  readonly on: readonly Phase[];
}

/** What gates ask for beyond the counts, which are always 0. */
export interface CutoverGates {
  /** How old a snapshot that a gate asks for may be; default 24. */
  readonly snapshotMaxAgeHours?: number;
  /** How many monitor runs in a row must have found nothing; default 3. */
  readonly cleanMonitorRuns?: number;
  /** How long a phase is watched before it is left; default 24 hours for 3 and 4, 168 for 5, none before. */
  readonly observationHours?: Partial<Readonly<Record<Phase, number>>>;
  /** What applications must have compared before readers see the new column; nothing unless it is given. */
  readonly comparisons?: ComparisonGate;
}

/** Shadow reads that the gate to phase 3 waits for: so many that were equal, and none that was not, since the phase began. */
export interface ComparisonGate {
  readonly atLeast: number;
  /** Names of the tokens whose reports count: those of the applications. */
  readonly from: readonly string[];
}

/** The move from one column to another as a value: everything else of a cutover follows from it. */
export interface ColumnCutover {
  /** Names the migration: `attendee-status`. */
  readonly name: string;
  readonly table: TableRef;
  /** Columns of the primary key, in order. */
  readonly key: readonly string[];
  /** The column that is retired. */
  readonly legacy: string;
  /** What phase 5 renames it to before it is dropped; default `<legacy>_legacy`. */
  readonly retiredName?: string;
  /** The column that replaces it. */
  readonly column: string;
  readonly codes: readonly CutoverCode[];
  /**
   * What becomes of a legacy value that no code lists: `quarantine` leaves the new column NULL, counts it and keeps the
   * gate closed; `runbook` maps by the runbook's own CASE, whose ELSE takes everything.
   */
  readonly unlisted: "quarantine" | "runbook";
  /** The runbook's own CASE: what `--runbook-compat` runs. */
  readonly runbook?: RunbookMapping;
  readonly dualWrite: DualWrite;
  readonly flags: { readonly dualWrite: CutoverFlag; readonly readPivot: CutoverFlag };
  readonly gates?: CutoverGates;
  /** Names the guard also knows the table by: a model, class or variable whose definition is not in the paths it reads. */
  readonly aliases?: readonly string[];
}

const observationHours: Readonly<Record<Phase, number>> = { 0: 0, 1: 0, 2: 0, 3: 24, 4: 24, 5: 168 };

/** What the gates of a cutover ask for, with what its definition leaves out. */
export function gatesOf({ gates = {} }: Pick<ColumnCutover, "gates">): {
  readonly snapshotMaxAgeHours: number;
  readonly cleanMonitorRuns: number;
  readonly observationHours: Readonly<Record<Phase, number>>;
  readonly comparisons: ComparisonGate | null;
} {
  return {
    snapshotMaxAgeHours: gates.snapshotMaxAgeHours ?? 24,
    cleanMonitorRuns: gates.cleanMonitorRuns ?? 3,
    observationHours: { ...observationHours, ...gates.observationHours },
    comparisons: gates.comparisons ?? null,
  };
}

/** Flags by the convention of runbook 1: `<column>_dual_write` in phases 1 to 3, `<column>_read_pivot` from 3 on. */
export function flagsNamed(column: string): ColumnCutover["flags"] {
  return {
    dualWrite: { name: `${column}_dual_write`, on: [1, 2, 3] },
    readPivot: { name: `${column}_read_pivot`, on: [3, 4, 5] },
  };
}

/** The name the legacy column has after phase 5 renamed it. */
export function retiredName(cutover: Pick<ColumnCutover, "legacy" | "retiredName">): string {
  return cutover.retiredName ?? `${cutover.legacy}_legacy`;
}
