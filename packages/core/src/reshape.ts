import type { Table } from "./catalog.ts";
import type { Connection } from "./engine.ts";

/** What one statement leaves behind in a table's definition: looked up before it is run again. */
export type ShapeEffect =
  | { readonly kind: "column" | "index" | "constraint"; readonly name: string; readonly present: boolean }
  | { readonly kind: "renamed"; readonly from: string; readonly to: string };

/** Changes of live tables, with what Runback itself has put on them kept whole: capture triggers, and what images mean. */
export interface ReshapePort {
  /**
   * A transaction in which tables may be taken apart and made again. Where DDL commits by itself it bounds the waiting and
   * nothing else.
   *
   * @param lockTimeoutMs milliseconds a statement waits for a lock @throws `LOCK_TIMEOUT`
   */
  transaction<T>(work: (tx: Connection) => Promise<T>, lockTimeoutMs: number): Promise<T>;
  /**
   * Runs one statement that alters a table, unless its effect is there already. Writers that no run is named for are never refused meanwhile, and journaled
   * rows keep their meaning under a column's new name.
   */
  alter(tx: Connection, table: Table, statement: string, effect?: ShapeEffect): Promise<void>;
  /**
   * Gives or takes NOT NULL, and leaves everything else of the column and of the table as it is. Nobody writes between the
   * look at the rows and the change.
   *
   * @throws `COLUMN_HAS_NULLS`, `COLUMN_NOT_REDEFINED` when the definition that comes out is not the one that was wanted
   */
  setNullable(tx: Connection, table: Table, column: string, nullable: boolean): Promise<void>;
}
