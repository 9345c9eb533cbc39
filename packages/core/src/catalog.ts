/** The live schema as a canonical model: what planners decide on, without a driver. */

export interface TableRef {
  readonly schema: string;
  readonly name: string;
}

export interface Column {
  readonly name: string;
  /** Position that survives renames (attnum on Postgres). */
  readonly number: number;
  /** Fully qualified type as DDL spells it: `numeric(10,2)`, `app.mood`. */
  readonly type: string;
  /** The type under domains, without length: `numeric`, `character`. */
  readonly baseType: string;
  /** The wire form of values is stable between databases: built in, with a binary form. Others are digested as text. */
  readonly stableBinary: boolean;
  /** Equal values have equal bytes. False for numerics (1.0 equals 1.00), floats and case-insensitive collations. */
  readonly exactEquality: boolean;
  readonly nullable: boolean;
  readonly hasDefault: boolean;
  readonly generated: boolean;
  /** SQL of a generated column over the other columns of its row; `null` for others. */
  readonly expression: string | null;
  readonly identity: "always" | "default" | null;
}

export type ReferentialAction = "no action" | "restrict" | "cascade" | "set null" | "set default";

export interface ForeignKey {
  readonly name: string;
  readonly columns: readonly string[];
  readonly references: TableRef;
  readonly referencedColumns: readonly string[];
  readonly onDelete: ReferentialAction;
  readonly onUpdate: ReferentialAction;
  /** The operator the constraint compares with, the referenced column on its left: `OPERATOR(pg_catalog.=)`. */
  readonly operators: readonly string[];
}

export interface UniqueIndex {
  readonly name: string;
  readonly primary: boolean;
  /** Column names, in order; `null` in the place of an expression. */
  readonly columns: readonly (string | null)[];
  /** SQL of each indexed column or expression. */
  readonly expressions: readonly string[];
  /** The index's equality for each of them: another one than the type's own finds other rows, and not through the index. */
  readonly operators: readonly string[];
  readonly predicate: string | null;
  readonly nullsNotDistinct: boolean;
}

export interface Table extends TableRef {
  readonly columns: readonly Column[];
  readonly primaryKey: readonly string[];
  readonly foreignKeys: readonly ForeignKey[];
  readonly uniqueIndexes: readonly UniqueIndex[];
  /** Leaf partitions; empty for an ordinary table. */
  readonly partitions: readonly TableRef[];
  /** Another table inherits from it, or it from another (partitions aside): one statement then writes several tables. */
  readonly inherits: boolean;
  /** Enabled triggers of users, with their firing mode; Runback's own are left out. */
  readonly userTriggers: readonly { readonly name: string; readonly mode: "O" | "R" | "A" }[];
}

export interface Catalog {
  readonly tables: readonly Table[];
}

export function qualifiedName(ref: TableRef): string {
  return ref.schema === "" || ref.schema === "public" ? ref.name : `${ref.schema}.${ref.name}`;
}

export function sameTable(a: TableRef, b: TableRef): boolean {
  return a.schema === b.schema && a.name === b.name;
}

/** Finds a table by `name` or `schema.name`, as users type it. */
export function findTable(catalog: Catalog, name: string): Table | undefined {
  return (
    catalog.tables.find((table) => table.schema === "public" && table.name === name) ??
    catalog.tables.find((table) => `${table.schema}.${table.name}` === name) ??
    catalog.tables.find((table) => table.name === name)
  );
}
