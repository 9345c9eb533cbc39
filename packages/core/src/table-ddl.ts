import type { Column, TableRef } from "./catalog.ts";
import type { Value } from "./engine.ts";

/** What a column is for. Each engine spells its type, and says what a column that is there already can hold. */
export type ColumnWant =
  /** One of a few words; the database refuses others. */
  | { readonly kind: "code"; readonly values: readonly string[] }
  /** A text that is part of an index. */
  | { readonly kind: "short"; readonly length: number }
  | { readonly kind: "text" }
  | { readonly kind: "instant" }
  /** A whole number that the database counts up: the primary key. */
  | { readonly kind: "row-id" }
  /** What another column holds: its type as the catalog spells it. */
  | { readonly kind: "like"; readonly type: string };

export interface WantedColumn {
  readonly name: string;
  readonly want: ColumnWant;
  readonly nullable: boolean;
  readonly default?: "now" | { readonly literal: string };
}

/** What a live column can hold, as far as its type says. */
export interface LiveType {
  readonly family: "integer" | "text" | "instant" | "code" | "other";
  /** Of a whole number. */
  readonly bits?: number;
  /** Characters of a text; absent where nothing bounds it. */
  readonly length?: number;
  /** Words of a code; absent where the type does not tell. */
  readonly values?: readonly string[];
}

/** A statement with its values. */
export interface Asked {
  readonly text: string;
  readonly params: readonly Value[];
}

/** A trigger that refuses to change what is there, and how the live one is told from another of its name. */
export interface RefusingTrigger {
  readonly name: string;
  readonly refuses: "UPDATE" | "DELETE" | "REPLACE" | "TRUNCATE";
  readonly shape: string;
  readonly body: string;
  readonly create: readonly string[];
  readonly drop: readonly string[];
}

/** In what engines differ where tables of users get columns, indexes, tables and triggers beside what they have. */
export interface TableDdl {
  type(want: ColumnWant): string;
  liveType(column: Column): LiveType;
  /** A value as text that does not depend on the settings of a session; instants in UTC. */
  plainText(expression: string, column: Column): string;
  addColumn(table: TableRef, column: WantedColumn): string;
  /** Null where a column keeps the default it was made with. */
  setDefault(table: TableRef, column: string, literal: string): string | null;
  dropColumn(table: TableRef, column: string): string;
  createTable(table: TableRef, columns: readonly WantedColumn[], unique: readonly string[]): string;
  createIndex(name: string, table: TableRef, columns: readonly string[]): string;
  dropIndex(name: string, table: TableRef): string;
  /** Whether a foreign key is refused to lose the last index that begins with its columns. */
  readonly keysNeedIndex: boolean;
  rename(table: TableRef, name: string): string;
  /** Rows `name`, `column_name`, `at` of every index of a table, in the order of its columns. */
  indexes(table: TableRef): Asked;
  /** One row with `value`: the default of a column as the catalog spells it, or null. */
  columnDefault(table: TableRef, column: string): Asked;
  /** Triggers that make a table append-only; `unique` are the columns by which REPLACE and upsert find a row to change. */
  refuseChanges(table: TableRef, unique: readonly string[]): readonly RefusingTrigger[];
  /** Rows `name`, `shape`, `body` of a table's triggers. */
  triggers(table: TableRef): Asked;
  /** The function that names the current database in `INFORMATION_SCHEMA`; null where there is no such schema. */
  readonly databaseFunction: string | null;
  /** Whether `INFORMATION_SCHEMA.STATISTICS` lists indexes. */
  readonly statisticsView: boolean;
}
