import type { TableRef } from "./catalog.ts";
import type { CutoverGrammar } from "./cutover/cutover-dialect.ts";
import type { TableDdl } from "./table-ddl.ts";

/** Logical column types of tables that Runback or a migration's model creates. */
export type LogicalType = "uuid" | "text" | "integer" | "bigint" | "boolean" | "instant" | "json";

/** The fragments in which engines differ. Every identifier goes through `id` or `table`; every value through a parameter. */
export interface Dialect {
  id(name: string): string;
  table(ref: TableRef): string;
  /** The placeholder of the n-th parameter, from 1. */
  param(n: number): string;
  type(logical: LogicalType): string;
  /** The SQL type of a logical one as a cast target. */
  cast(expression: string, logical: LogicalType): string;
  /** True when values differ, NULL being a value. */
  isDistinct(a: string, b: string): string;
  /** A text literal; only for constants of a declaration, never for input. */
  literal(text: string): string;
  /**
   * A uuid (version 8) derived from texts: equal texts, equal id. A numeric source id leads it, so that rows imported in
   * the order of their source ids extend an index at its end instead of all over it (half the time, measured).
   */
  uuidFrom(scope: string, sourceIdExpression: string): string;
  /** Whether the database computes `uuidFrom` itself. Where it asks this process row by row, many rows bring their ids (`derivedId`). */
  readonly idsInDatabase: boolean;
  /** `UPDATE target t SET … FROM source s WHERE …` in the engine's spelling. */
  updateFrom(statement: {
    readonly target: TableRef;
    readonly set: readonly (readonly [column: string, expression: string])[];
    readonly from: string;
    readonly where: string;
  }): string;
  /** Creates a scratch table, from columns or from a query; unlogged where the engine can. */
  createStage(ref: TableRef, content: readonly (readonly [name: string, type: LogicalType])[] | string): string;
  /** An index that makes a table quick to read in the order of these columns. */
  createIndex(ref: TableRef, columns: readonly string[]): string;
  /** Statements that index a plan table (columns `line` and `sid`) by what it is looked up by later. */
  indexStage(ref: TableRef): readonly string[];
  /** Statement that refreshes the planner's statistics of a table just filled. */
  analyze(ref: TableRef): string;
  /** Aggregate over the texts of a set of rows: equal sets, equal digest, in whatever order rows come. For plans, not for evidence. */
  setDigest(textExpression: string): string;
  minutesBetween(a: string, b: string): string;
  /** Keyword that has a common table expression merged into where it is used, or nothing. */
  readonly inlineCte: string;
  /**
   * Keyword that has a common table expression computed once where it is read several times, or nothing where it is anyway;
   * null where the engine computes it at every reading.
   */
  readonly sharedCte: string | null;
  /** What comes between the VALUES of an INSERT and the assignments to the row that already has this unique value. */
  onConflict(column: string): string;
  /** Ends a query whose rows nobody else may change before the transaction ends; empty where nobody can. */
  readonly rowLock: string;
  /** Keyword after SELECT of a subquery of unique rows, which has it computed once and joined by a key of its own, or nothing. */
  readonly keyedSubquery: string;
  /** Bytes as hexadecimal text. */
  bytesText(bytesExpression: string): string;
  /** Aggregate that joins texts in an order. */
  joinTexts(text: string, separator: string, order: string): string;
  /** A text as a JSON string with its quotes. */
  jsonString(textExpression: string): string;
  jsonText(jsonExpression: string, key: string): string;
  /** A text `2026-01-15 14:30:00.500`, in UTC, as a value of a column of this type, whether or not that knows of time zones. */
  utcValue(textExpression: string, columnType: string): string;
  /** True when a stored instant is not after a value of its column. */
  isPast(instantColumn: string, valueExpression: string): string;
  /** What moving a column takes. */
  readonly grammar: CutoverGrammar;
  /** What tables of users get beside what they have. */
  readonly ddl: TableDdl;
}
