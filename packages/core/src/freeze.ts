import type { TableRef } from "./catalog.ts";
import type { Connection } from "./engine.ts";

/** A write freeze that is on. */
export interface Freeze {
  readonly reason: string;
  readonly operator: string;
  /** UTC instant. */
  readonly since: string;
}

export interface FreezeState extends Freeze {
  /** Tables that refuse writes. */
  readonly frozen: readonly TableRef[];
  /** Tables that do not, because they were made since: freezing again covers them. */
  readonly open: readonly TableRef[];
}

/** Keeps everybody but Runback's own rollbacks and restores from writing to tables of users, until it is lifted. Survives restarts. */
export interface FreezePort {
  /** Null when no freeze is on. */
  state(connection: Connection, keep: readonly TableRef[]): Promise<FreezeState | null>;
  /**
   * Waits for writers that are under way; afterwards none is. Frozen again, it covers tables that were made since.
   *
   * @param keep tables that stay open: audit trails
   * @throws `LOCK_TIMEOUT`
   */
  freeze(tx: Connection, about: Freeze, keep: readonly TableRef[]): Promise<void>;
  thaw(tx: Connection): Promise<void>;
}
