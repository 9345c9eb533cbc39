import type { TableRef } from "./catalog.ts";
import type { Connection } from "./engine.ts";

/** What collects in a target and may be thrown away. */
export interface HousekeepingPort {
  /** Scratch tables that runs staged their source in, by name. */
  stageTables(connection: Connection): Promise<readonly TableRef[]>;
  /** Idempotency keys that were claimed before an instant. */
  expiredKeys(connection: Connection, before: Date): Promise<number>;
  /** Deletes them and returns how many. */
  deleteExpiredKeys(tx: Connection, before: Date): Promise<number>;
}
