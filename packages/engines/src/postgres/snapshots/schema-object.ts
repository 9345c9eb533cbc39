/** One object of a schema with the SQL that makes it. */
export interface SchemaObject {
  readonly kind: string;
  /** As messages name it: `public.Member`. */
  readonly name: string;
  /** The relation it belongs to, `schema.name`; a table belongs to itself. Null for types, functions and the like. */
  readonly of: string | null;
  readonly sql: readonly string[];
}

/** Lower ranks come first, unless a dependency says otherwise. What is needed to load rows is below `firstAfterData`. */
export const rank = {
  schema: 0,
  extension: 1,
  type: 2,
  function: 3,
  sequence: 4,
  table: 5,
  "sequence owner": 6,
  default: 7,
  check: 8,
  partition: 9,
  key: 20,
  index: 21,
  "index partition": 22,
  "late check": 23,
  "foreign key": 30,
  view: 40,
  rule: 41,
  trigger: 50,
  statistics: 51,
  "row security": 60,
  comment: 70,
} as const;

export type ObjectKind = keyof typeof rank;

export const firstAfterData = 20;

/** An object as the catalog gave it, with what its dependencies are found by. */
export interface FoundObject extends SchemaObject {
  readonly kind: ObjectKind;
  /** Catalog entries that stand for it: `pg_class/16385`. */
  readonly keys: readonly string[];
  /** Entries it needs beside those that pg_depend knows. */
  readonly needs?: readonly string[];
}

/** What may look at a table that stays through a restore, and so is made when that has come over. */
export const firstAtSwitch: ReadonlySet<string> = new Set(["view", "rule", "trigger", "comment"]);
