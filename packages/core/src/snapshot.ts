import type { TableRef } from "./catalog.ts";
import type { Connection, Engine } from "./engine.ts";

/** One table whose rows a snapshot holds. A partitioned table holds none: its partitions are tables of their own here. */
export interface SnapshotTable extends TableRef {
  /** How rows are spelled in the data stream; only the engine that wrote it reads it. */
  readonly encoding: string;
  /** The columns of the stream, in its order: all but the generated ones. */
  readonly columns: readonly string[];
}

/** The schema of a snapshot: what an engine needs to build the same database, and what its reader must know. */
export interface SnapshotSchema {
  /** Engines that can load it: `postgresql`. */
  readonly family: string;
  /** SHA-256 over every object's definition, whatever order the catalog lists them in. */
  readonly fingerprint: string;
  readonly tables: readonly SnapshotTable[];
  /** Named, not contained: the server must offer them. */
  readonly extensions: readonly { readonly name: string; readonly version: string }[];
  /** Roles that own objects, hold grants or are named by policies. */
  readonly roles: readonly string[];
  /** Definitions in the order of their dependencies; the engine's own form. */
  readonly objects: unknown;
}

/** Where Runback's journal stood: what was journaled up to there is in the snapshot. */
export interface JournalPosition {
  readonly position: string;
  readonly newestRunId: string | null;
}

/** One consistent moment of a target. */
export interface SnapshotMoment {
  readonly schema: SnapshotSchema;
  /** Null on a target without Runback's tables. */
  readonly journal: JournalPosition | null;
  /** Tables that may be read at once. */
  readonly readers: number;
  /**
   * Streams the rows of one table in the order they are stored, in chunks of 64 KiB or more, generated columns left out.
   * Equal content stored in equal order gives equal bytes; a table that was just loaded is stored in the order of its stream.
   */
  read<T>(
    table: SnapshotTable,
    consume: (chunks: AsyncIterable<Uint8Array>) => Promise<T>,
  ): Promise<{ readonly rows: number; readonly value: T }>;
}

/** What a restore reads from. */
export interface SnapshotSource {
  readonly schema: SnapshotSchema;
  /** The stream of one table as it was captured; throws at its end when it is not what was hashed. */
  data(table: SnapshotTable): AsyncIterable<Uint8Array>;
}

export interface RestoreHooks {
  /** Before the load: no other session can write to any table of a user. For the safety snapshot. */
  readonly frozen: (moment: SnapshotMoment) => Promise<void>;
  /** Everything is loaded and nobody sees it yet; to compare it with what was captured. */
  readonly loaded: (moment: SnapshotMoment) => Promise<void>;
  /** The last work of the transaction that makes it visible, or, without DDL in transactions, that makes it permanent. */
  readonly switched: (tx: Connection) => Promise<void>;
  readonly onTable?: (done: number, total: number) => void;
}

/** What a restore replaced and has not dropped yet. */
export interface ReplacedRemains {
  readonly name: string;
  /** `in use`: a transaction from before goes on; the next try drops it. `changed`: it holds what no snapshot does. */
  readonly why: "in use" | "changed";
}

/** Level 2: the whole of a target, out and back in. */
export interface SnapshotPort {
  /** Engines of one family read each other's snapshots. */
  readonly family: string;
  /** Rows of the largest table that a restore can build here; absent where nothing but room bounds it. */
  readonly rowsAtMost?: number;
  /**
   * Opens one consistent moment over all tables.
   * @throws `SNAPSHOT_UNSUPPORTED` naming every object that a restore could not bring back; `SNAPSHOT_ROWS_HIDDEN`
   */
  capture<T>(work: (moment: SnapshotMoment) => Promise<T>): Promise<T>;
  /**
   * Builds a snapshot in a database that has no objects of users, in one transaction where the server has DDL in transactions; after
   * a failure the database is empty again. Owners, grants and policies are left out: a scratch server has other roles.
   * @throws `RESTORE_TARGET_NOT_EMPTY`, `RESTORE_EXTENSION_MISSING`, `RESTORE_SCHEMA_DIFFERS`
   */
  load(source: SnapshotSource, hooks: Pick<RestoreHooks, "loaded" | "onTable">): Promise<void>;
  /**
   * Puts a snapshot in the place of everything users have in this target, in one switch: sessions see the state before or the state
   * after. `keep` tables (audit trails) and Runback's own tables stay as they are. A failure at any point changes nothing.
   */
  replace(source: SnapshotSource, keep: readonly TableRef[], hooks: RestoreHooks): Promise<void>;
  /**
   * Drops what `replace` put aside, where it does not drop it itself; may be called at any time, and again after a crash.
   * Returns what is left.
   */
  dropReplaced?(): Promise<readonly ReplacedRemains[]>;
  /** An empty database beside this one, dropped when closed; undefined where this user or server makes none. */
  scratch(): Promise<Engine | undefined>;
}

/** `snap-20260115-143000-4f2a91`: sortable, unique without coordination. */
export function newSnapshotId(now: Date, randomHex: string): string {
  const digits = now.toISOString().replace(/[-:]/g, "").replace("T", "-").slice(0, 15);
  return `snap-${digits}-${randomHex.slice(0, 6)}`;
}

export function isSnapshotId(text: string): boolean {
  return /^snap-[0-9]{8}-[0-9]{6}-[0-9a-f]{6}$/.test(text);
}
