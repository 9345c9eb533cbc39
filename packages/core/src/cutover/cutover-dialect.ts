import type { Dialect } from "../dialect.ts";
import type { ShapeEffect } from "../reshape.ts";

/** What an engine's dialect already says. */
export type Quoting = Pick<Dialect, "id" | "table" | "literal" | "isDistinct">;

/** A statement, or what only the live table's definition can spell. */
export type CutoverStep = {
  /**
   * Where DDL commits by itself it is made after its phase is on record, since writers of the phase before count on what it takes
   * away. Of what leads back: what brings that back.
   */
  readonly follows?: true;
} & (
  | {
      readonly kind: "sql";
      readonly sql: string;
      /** What it leaves behind, where running it twice would fail: where DDL commits by itself a crash may come between. */
      readonly effect?: ShapeEffect;
    }
  | {
      /** SQLite rebuilds a table to change a column's constraint; MySQL repeats the whole column. Both need the live definition. */
      readonly kind: "redefine";
      readonly column: string;
      readonly nullable: boolean;
    }
);

/** One direction of a bridge: when `from` changed and `to` did not, `to` becomes `value`. */
export interface Bridge {
  readonly name: string;
  readonly table: string;
  readonly key: readonly string[];
  readonly from: string;
  readonly to: string;
  /**
   * Also when `to` is left without a value, whoever wrote it: `value` takes its place. The direction that does not fill
   * leaves alone what was emptied: nobody who empties one column means to empty the other.
   */
  readonly fills: boolean;
  /** SQL of the new value, given how the row that is written is called. */
  readonly value: (row: string) => string;
}

/** In what engines differ where a column is moved: as a value, so that no planner asks for an engine's name. */
export interface CutoverGrammar {
  /** Type of a column of codes. */
  codeType(longest: number): string;
  /** Adds a nullable column with a named check. */
  addColumn(
    q: Quoting,
    table: string,
    column: { readonly name: string; readonly type: string; readonly check: string; readonly condition: string },
  ): string;
  /** A text trimmed of ASCII white space and folded in ASCII letters, comparable byte by byte. */
  fold(q: Quoting, expression: string): string;
  /** A text that groups and compares as it is stored, whatever the collation. */
  exact(expression: string): string;
  /** A text that groups values, of which those of one group fold to the same. */
  alike(expression: string): string;
  createIndex(q: Quoting, name: string, table: string, column: string): string;
  dropIndex(q: Quoting, name: string, table: string): string;
  dropCheck(q: Quoting, table: string, name: string): string | null;
  /** Statements that create the triggers of both directions, in the place of those of an earlier definition. */
  createBridge(q: Quoting, bridges: readonly Bridge[]): readonly string[];
  dropBridge(q: Quoting, bridges: readonly Bridge[]): readonly string[];
}

export type CutoverDialect = Quoting & { readonly grammar: CutoverGrammar };
