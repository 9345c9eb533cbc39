/** A foreign key of a table, as the server spells it after the table's name. */
export interface KeyObject {
  readonly name: string;
  /** The line of `SHOW CREATE TABLE`. */
  readonly line: string;
  readonly columns: readonly string[];
  readonly references: { readonly table: string; readonly columns: readonly string[] };
  /** Rows without a parent, which somebody brought in with foreign_key_checks off: they come back as they were. */
  readonly orphans: number;
}

export interface TableObject {
  readonly name: string;
  /** As the server spells it, without the next AUTO_INCREMENT value. */
  readonly sql: string;
  readonly autoIncrement: string | null;
  readonly keys: readonly KeyObject[];
}

/** MariaDB's own kind of object. */
export interface SequenceObject {
  readonly name: string;
  readonly sql: string;
  readonly next: string;
  readonly round: string;
}

/** Views, routines, triggers and events: what has an author and a text of its own. */
export interface ProgramObject {
  readonly kind: "view" | "function" | "procedure" | "trigger" | "event";
  readonly name: string;
  /** Of a trigger: its table. */
  readonly of: string | null;
  /** Without the table where it is a trigger's: see `triggerSql`. */
  readonly sql: string;
  /** `user@host` with both quoted, as the server spells it. */
  readonly definer: string;
  /** What the session must say for the text to mean the same; null where the kind does not remember it. */
  readonly sqlMode: string | null;
  readonly client: string;
  readonly collation: string;
  readonly timeZone: string | null;
}

/** What `SnapshotSchema.objects` is for MySQL and MariaDB. */
export interface MysqlObjects {
  readonly tables: readonly TableObject[];
  readonly sequences: readonly SequenceObject[];
  /** In the order they are made. */
  readonly programs: readonly ProgramObject[];
  readonly database: { readonly charset: string; readonly collation: string };
}
