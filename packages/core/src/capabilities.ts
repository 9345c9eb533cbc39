/** What an engine can do. Operations ask these flags, never the engine's name; the docs' table is generated from them. */
export interface Capabilities {
  /** DDL commits and rolls back with the transaction. */
  readonly transactionalDdl: boolean;
  /** One trigger call a statement, with the changed rows as tables. */
  readonly statementTriggers: boolean;
  readonly returning: boolean;
  /** Streaming bulk load. */
  readonly copy: boolean;
  /** Several sessions at once. */
  readonly concurrentSessions: boolean;
  /** A program started by Runback can open sessions of its own that name the run: what `exec` needs. */
  readonly programSessions: boolean;
  /** Foreign-key actions fire the child's triggers. */
  readonly cascadesFireTriggers: boolean;
  readonly arrays: boolean;
  /** Takes and restores snapshots: the engine has a `snapshots` port. */
  readonly snapshots: boolean;
  /** Can keep everybody from writing until told otherwise: the engine has a `freeze` port. */
  readonly writeFreeze: boolean;
}
