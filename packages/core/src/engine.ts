import type { AuditPort } from "./audit.ts";
import type { Capabilities } from "./capabilities.ts";
import type { Catalog, Table, TableRef } from "./catalog.ts";
import type { DiagnosisPort } from "./diagnosis.ts";
import type { Dialect } from "./dialect.ts";
import type { FreezePort } from "./freeze.ts";
import type { HousekeepingPort } from "./housekeeping.ts";
import type { JournalPort } from "./journal.ts";
import type { Keyset } from "./keyset.ts";
import type { Pressure } from "./pressure.ts";
import type { ReshapePort } from "./reshape.ts";
import type { SnapshotPort } from "./snapshot.ts";
import type { Store } from "./store.ts";
import type { TableModel } from "./table-model.ts";

/** What crosses the wire to every engine: anything else is cast in the SQL (`$1::jsonb`, `$2::timestamptz`). */
export type Value = string | number | boolean | null;

export interface Result<R> {
  readonly rows: R[];
  /** Rows returned, or rows changed by a statement that returns none. */
  readonly count: number;
}

/** Text values of one row in column order, as bulk load takes them. */
export type TextRow = readonly (string | null)[];

/**
 * One session. Results are equal on every engine: 64-bit integers, numerics, dates and times arrive as text,
 * smaller integers and floats as numbers, JSON parsed.
 */
export interface Connection {
  query<R extends object = Record<string, unknown>>(text: string, params?: readonly Value[]): Promise<Result<R>>;
  /** Several statements without parameters. */
  script(text: string): Promise<void>;
  /** Runs work that may fail without losing the transaction: an error undoes just this work, and is thrown on. */
  savepoint<T>(work: (tx: Connection) => Promise<T>): Promise<T>;
  /** Bulk load; inside a transaction only. Returns the rows loaded. */
  load(table: TableRef, columns: readonly string[], rows: AsyncIterable<TextRow>): Promise<number>;
}

export interface TransactionOptions {
  /** `snapshot`: every statement sees one moment (REPEATABLE READ). */
  readonly isolation?: "read committed" | "snapshot";
  readonly readOnly?: boolean;
  /** Milliseconds a statement waits for a lock before it fails with `LOCK_TIMEOUT`. */
  readonly lockTimeoutMs?: number;
  /** Large sorts and joins are ahead: the engine may use more memory for this transaction. */
  readonly bulk?: boolean;
}

export interface Engine extends Connection {
  /** For messages and reports; operations ask `capabilities`, never this. */
  readonly name: string;
  /** The address without its password. */
  readonly location: string;
  readonly capabilities: Capabilities;
  readonly dialect: Dialect;
  readonly store: Store;
  readonly journal: JournalPort;
  readonly audit: AuditPort;
  readonly diagnosis: DiagnosisPort;
  readonly housekeeping: HousekeepingPort;
  readonly keyset: Keyset;
  readonly reshape: ReshapePort;
  /** Where `capabilities.snapshots` says so. */
  readonly snapshots?: SnapshotPort;
  /** Where `capabilities.writeFreeze` says so. */
  readonly freeze?: FreezePort;
  transaction<T>(work: (tx: Connection) => Promise<T>, options?: TransactionOptions): Promise<T>;
  /** Creates or upgrades Runback's own tables. Safe at any concurrency; returns what it applied. */
  init(): Promise<readonly string[]>;
  /** Waits until no other process sets up this target; held until the transaction ends. */
  lockInit(tx: Connection): Promise<void>;
  catalog(connection?: Connection): Promise<Catalog>;
  /** Makes a table append-only: UPDATE, DELETE and TRUNCATE are refused, and every row joins the hash chain. */
  protectAudit(tx: Connection, table: TableRef): Promise<void>;
  /** SQL of one live row's digest, under an alias: equal content, equal digest. */
  rowDigest(alias: string, table: Table): string;
  /** Creates a table of a migration's model unless one of that name is there. */
  createTable(tx: Connection, model: TableModel): Promise<void>;
  /** Digests of every row of a table, combined per key range. One statement, rows do not travel. */
  digests(connection: Connection, table: Table): Promise<TableDigest>;
  /** What others have to bear now: asked at the end of a step, while it still holds its locks. @param last what the step before was told as `commits` */
  pressure(tx: Connection, last: string | null): Promise<Pressure>;
  /** What would make rewriting a column of most rows quicker on this table, measured on the target; absent where nothing does. */
  updateAdvice?(tx: Connection, table: Table, column: string): Promise<readonly string[]>;
  serverVersion(): Promise<string>;
  /**
   * Environment for a program, so that every session it opens names the run. One session is opened to see that it does.
   * @param url the target as the program shall reach it
   * @param env the environment the program would have otherwise
   * @throws `RUN_NOT_NAMED` when what stands between drops the setting
   */
  sessionEnvironment(
    url: string,
    runId: string,
    env: Readonly<Record<string, string | undefined>>,
  ): Promise<Readonly<Record<string, string>>>;
  close(): Promise<void>;
}

/** Content of one table at one moment. */
export interface TableDigest {
  readonly table: string;
  readonly rows: number;
  /** SHA-256 over the leaves in order. */
  readonly sha256: string;
  readonly leaves: readonly Leaf[];
}

/** Rows whose key falls in one of the fixed ranges; digest = SHA-256 of their row digests in key order. */
export interface Leaf {
  readonly leaf: number;
  readonly rows: number;
  readonly sha256: string;
}
