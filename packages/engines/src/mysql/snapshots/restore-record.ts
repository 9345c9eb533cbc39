import type { Connection } from "@runback/core";
import type { MysqlObjects } from "./schema-object.ts";

/** A table, sequence or view that a switch exchanges. */
export interface Exchange {
  readonly name: string;
  /** What the snapshot's is called until the switch; null when the snapshot has none. */
  readonly next: string | null;
  /** What the target's is called from then on; null when it had none. */
  readonly old: string | null;
}

/** What a restore in place is about to do, kept in the target: enough to take it back without the process that began it. */
export interface RestoreRecord {
  readonly exchanges: readonly Exchange[];
  /** Sequences that were not there, made so that defaults can name them. */
  readonly placeholders: readonly string[];
  /** Tables that stay. */
  readonly kept: readonly string[];
  /** Definitions before the switch; null until it begins. */
  readonly before: MysqlObjects | null;
}

export type RestoreState = "building" | "switching" | "done";

export async function writeRecord(tx: Connection, state: RestoreState, record: RestoreRecord): Promise<void> {
  await tx.query(
    "INSERT INTO runback_restores (id, state, record) VALUES (1, $1, $2) ON DUPLICATE KEY UPDATE state = $1, record = $2",
    [state, JSON.stringify(record)],
  );
}

export async function setRestoreState(tx: Connection, state: RestoreState): Promise<void> {
  await tx.query("UPDATE runback_restores SET state = $1", [state]);
}

export async function readRecord(
  tx: Connection,
): Promise<{ readonly state: RestoreState; readonly record: RestoreRecord } | undefined> {
  const { rows } = await tx.query<{ state: RestoreState; record: string }>(
    "SELECT state, record FROM runback_restores",
  );
  return rows[0] && { state: rows[0].state, record: JSON.parse(rows[0].record) as RestoreRecord };
}
