import type { ReferentialAction, TableRef } from "./catalog.ts";
import type { LogicalType } from "./dialect.ts";

/** A table that a migration needs, in logical types; each engine spells its DDL. */
export interface TableModel extends TableRef {
  readonly columns: readonly ColumnModel[];
  readonly primaryKey: readonly string[];
  readonly unique: readonly (readonly string[])[];
  /** Text columns that are unique whatever their letter case. */
  readonly uniqueIgnoringCase: readonly string[];
  readonly foreignKeys: readonly {
    readonly column: string;
    readonly references: TableRef;
    readonly onDelete: ReferentialAction;
  }[];
  readonly indexes: readonly (readonly string[])[];
}

export interface ColumnModel {
  readonly name: string;
  readonly type: LogicalType;
  readonly nullable: boolean;
  readonly default?: "now" | "new-id" | { readonly literal: string };
}
