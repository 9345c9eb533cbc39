import type { Catalog, Table } from "./catalog.ts";
import type { Connection, Value } from "./engine.ts";
import type { ConflictPolicy, UndoConflict, UndoCounts } from "./undo.ts";

/** Before-images and after-digests of every row a run changed, written by the database in the change's own transaction. */
export interface JournalPort {
  /**
   * Installs or refreshes the capture triggers. `TABLE_WITHOUT_KEY` when a table has no primary key.
   * Idempotent, and cheap when nothing changed.
   */
  enroll(tx: Connection, tables: readonly Table[], run?: EnrollingRun): Promise<void>;
  /** Renews the capture of enrolled tables that were altered since, as `begin` does; cheap when nothing changed. */
  renew(tx: Connection): Promise<void>;
  /** Names the run in this transaction, so that everything it changes in enrolled tables is journaled. */
  begin(tx: Connection, runId: string): Promise<void>;
  /**
   * Gives a column its value in every row that a condition finds, and journals each of them in the same transaction, in
   * whatever way costs this engine least: set by set where that is cheaper and nothing else fires, otherwise through the capture triggers.
   * The condition must leave out rows whose value is NULL or there already.
   *
   * @returns the rows written
   * @throws `LOCK_TIMEOUT` also when rows came into the condition meanwhile: nothing was written, and it can be repeated
   */
  fill(tx: Connection, runId: string, request: FillRequest): Promise<number>;
  /**
   * Gives several columns their values in every row that a condition finds, in a transaction in which `begin` has named the run
   * (it stays named), and journals each of them in whatever way costs this engine least, as `fill` does.
   * The condition must leave out rows that would stay as they are.
   *
   * @returns the rows written
   * @throws `LOCK_TIMEOUT` also when rows came into the condition meanwhile: nothing was written, and it can be repeated
   */
  change(tx: Connection, runId: string, request: ChangeRequest): Promise<number>;
  /**
   * Where no session of a program can name a run: names it for every session, from this commit until the window closes.
   * Absent where sessions name it themselves. @throws `LEASE_HELD` while another run has the window
   */
  openWindow?(tx: Connection, runId: string): Promise<void>;
  closeWindow?(tx: Connection, runId: string): Promise<void>;
  /** Rows (distinct table and key) that a run changed. */
  rows(connection: Connection, runId: string): Promise<number>;
  /** Classifies every row of a run against the live tables; writes only to Runback's own work table. */
  plan(tx: Connection, request: UndoRequest): Promise<UndoPlan>;
  /** Takes back the next rows of a plan, at most `limit`, and returns the new cursor. */
  revert(tx: Connection, request: UndoRequest, cursor: UndoCursor, limit: number): Promise<UndoProgress>;
  /** Rows of the plan that are not back at their before-image. */
  remaining(connection: Connection, request: UndoRequest): Promise<number>;
  /** Keys of a table's rows in the given ranges that differ from what the journal last recorded: changed, missing, or never journaled. */
  differing(
    connection: Connection,
    table: Table,
    leaves: readonly number[],
    limit: number,
  ): Promise<readonly (readonly string[])[]>;
  /** Drops the work rows of a plan. */
  forget(tx: Connection, rollbackRunId: string): Promise<void>;
}

/** What a run that enrolls tables does to them. */
export interface EnrollingRun {
  /**
   * It inserts and deletes nothing, and changes these columns only. Where foreign keys act without firing triggers, only those
   * that follow one of these columns are refused then.
   */
  readonly updates?: readonly string[];
}

export interface FillRequest {
  /** As the live catalog has it; enrolled. */
  readonly table: Table;
  readonly column: string;
  /** SQL of the value over the columns of the row `t`; a row for which it is NULL is left as it is. */
  readonly value: string;
  /** SQL condition on the row `t`, over the parameters. */
  readonly where: string;
  readonly params: readonly Value[];
}

export interface ChangeRequest {
  /** As the live catalog has it; enrolled. */
  readonly table: Table;
  readonly set: readonly ChangedColumn[];
  /** SQL condition on the row `t`, over the parameters. */
  readonly where: string;
  readonly params: readonly Value[];
}

export interface ChangedColumn {
  readonly column: string;
  /** SQL of the value, of the column's type: over the parameters, and over columns of the row `t` that stay as they are. */
  readonly value: string;
}

export interface UndoRequest {
  /** The run to take back. */
  readonly runId: string;
  /** The rollback's own run id: names its work rows. */
  readonly rollbackRunId: string;
  readonly policy: ConflictPolicy;
  readonly catalog: Catalog;
  /** Take rows back statement by statement in reverse: what the plan's `replay` asked for. */
  readonly replay?: boolean;
}

export interface UndoPlan {
  readonly tables: Readonly<Record<string, UndoCounts>>;
  readonly conflicts: readonly UndoConflict[];
  readonly conflictCount: number;
  /** Digest of every row's table, key, class and final digest: what an approval signs. */
  readonly digest: string;
  /** Why rows must be taken back statement by statement in reverse, if they must. */
  readonly replay: "key-change" | "unique-order" | "reference-circle" | null;
}

/** Where a rollback stands; stored in its run's checkpoint. */
export interface UndoCursor {
  readonly phase: number;
  readonly seq: string;
}

export interface UndoProgress {
  readonly cursor: UndoCursor;
  readonly rows: number;
  readonly done: boolean;
}
