import type { TableRef } from "./catalog.ts";
import type { LogicalType } from "./dialect.ts";
import type { TableModel } from "./table-model.ts";

/** An import as a declaration: what the sources hold, what rows become, how they are recognised. The engine executes it. */
export interface ImportDeclaration {
  /** Names the migration: `membership`. */
  readonly name: string;
  /** In dependency order: an entity refers only to entities before it. */
  readonly entities: readonly EntityDeclaration[];
  readonly mapping: MappingDeclaration;
  /** Small tables whose codes sources refer to, read once before parsing. */
  readonly lookups: readonly LookupDeclaration[];
  readonly policies: readonly PolicyDeclaration[];
  /** Append-only table that records what happened. */
  readonly auditTable: TableRef;
  /** Tables the migration needs: created by `init` when missing, never altered. */
  readonly model: readonly TableModel[];
  /** Rows without which nothing can be imported; inserted by `init` when their key is missing. */
  readonly seeds: readonly SeedDeclaration[];
  /** What verification asserts beyond counts, mappings and content, which follow from the rest. */
  readonly checks: readonly CheckDeclaration[];
  /** The one-row table that remembers the last complete run, if the model has one. A restore empties its columns, and those of `reset`. */
  readonly syncState?: {
    readonly table: TableRef;
    readonly columns: readonly string[];
    readonly reset?: readonly string[];
  };
}

export interface EntityDeclaration {
  /** Plural, as in counts and reports: `members`. */
  readonly name: string;
  /** As in the mapping table and check titles: `Member`. */
  readonly label: string;
  readonly table: TableRef;
  /** Its primary key: one uuid column. */
  readonly id: string;
  /** Paths relative to the source folder; the first that exists is read. */
  readonly files: readonly string[];
  /** The source column that identifies a record. */
  readonly sourceId: string;
  readonly fields: readonly FieldDeclaration[];
  readonly references: readonly ReferenceDeclaration[];
  /** How a record without a mapping recognises a row that is already there. */
  readonly identity: IdentityDeclaration;
  /** Values the run itself supplies. */
  readonly stamps: readonly StampDeclaration[];
  /** A source with fewer records than this is suspicious, and how much so. */
  readonly expectAtLeast?: { readonly records: number; readonly level: "high" | "medium" };
}

/** One column of the target, computed from a record before it is staged. */
export interface FieldDeclaration {
  readonly column: string;
  readonly type: LogicalType;
  /** Source columns it reads; a file without one of them is refused. */
  readonly from: readonly string[];
  readonly parse: (values: readonly string[], context: ParseContext) => Parsed;
}

export interface ParseContext {
  /** Ids by code, per lookup. */
  readonly lookups: Readonly<Record<string, ReadonlyMap<string, string>>>;
  readonly policies: Readonly<Record<string, unknown>>;
  /** Counts a thing worth telling the operator, by kind and value: levels without a tier. */
  readonly note: (kind: string, value: string) => void;
}

/** A value as text, NULL, or why the record is quarantined. Messages carry no personal data. */
export type Parsed = string | null | Refusal;

export interface Refusal {
  /** Stable, kebab-case: `invalid-date`. */
  readonly reason: string;
  readonly message: string;
}

export interface ReferenceDeclaration {
  /** Foreign key column of the target. */
  readonly column: string;
  /** Source column that holds the other record's source id. */
  readonly from: string;
  /** Entity it refers to, by name. */
  readonly entity: string;
}

export interface IdentityTerm {
  readonly column: string;
  readonly compare: "equal" | "case-insensitive" | "trimmed-case-insensitive" | { readonly withinMinutes: number };
}

export interface IdentityDeclaration {
  readonly terms: readonly IdentityTerm[];
  /** The target allows one row an identity: a second record of it, in the file or mapped, is a conflict. */
  readonly unique: boolean;
}

export interface StampDeclaration {
  readonly column: string;
  readonly when: "create" | "create-and-update";
  readonly value: { readonly runTime: true } | { readonly constant: string; readonly type: LogicalType };
}

export interface MappingDeclaration {
  readonly table: TableRef;
  readonly id: string;
  readonly entityType: string;
  readonly sourceId: string;
  readonly targetId: string;
  readonly runId: string;
  readonly provenance: string;
  readonly at: string;
}

export interface LookupDeclaration {
  readonly name: string;
  readonly table: TableRef;
  readonly code: string;
  readonly id: string;
}

export interface PolicyDeclaration {
  readonly key: string;
  readonly description: string;
  readonly required: boolean;
  readonly default?: unknown;
  /** A message when the value is not valid, `null` when it is. */
  readonly validate: (value: unknown) => string | null;
}

/** A check over the target that a declaration adds. Ids are stable: users' tools and alerts key on them. */
export type CheckDeclaration =
  | {
      /** How rows spread over the codes of a lookup: none at all fails, all in one of several warns. */
      readonly kind: "distribution";
      readonly id: string;
      readonly name: string;
      readonly entity: string;
      readonly column: string;
      readonly lookup: string;
      /** Column of the lookup that is shown to people. */
      readonly title: string;
      /** Column of the lookup by which its codes are listed. */
      readonly order: string;
      /** What a code stands for, in messages: `tier`. */
      readonly noun: string;
      /** Policy whose values name the codes in use. */
      readonly mappingPolicy: string;
    }
  | {
      /** Share of rows whose column is not NULL; below the threshold warns. */
      readonly kind: "coverage";
      readonly id: string;
      readonly name: string;
      readonly entity: string;
      readonly column: string;
      /** 0 to 1, compared unrounded. */
      readonly threshold: number;
      /** What the column holds, in messages: `tier`. */
      readonly noun: string;
    }
  | {
      /** Rows whose references lead nowhere. */
      readonly kind: "orphans";
      readonly id: string;
      readonly name: string;
      readonly entity: string;
    };

export interface SeedDeclaration {
  readonly table: TableRef;
  /** Column whose value tells whether the row is there. */
  readonly key: string;
  readonly rows: readonly Readonly<Record<string, string | number | boolean | null>>[];
}

export function isRefusal(parsed: Parsed): parsed is Refusal {
  return parsed !== null && typeof parsed === "object";
}
