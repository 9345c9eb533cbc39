import type { Capabilities } from "@runback/core";

/** MySQL and MariaDB: every DDL statement commits what came before it, and foreign-key actions fire no triggers. */
export const capabilities: Capabilities = {
  transactionalDdl: false,
  statementTriggers: false,
  returning: false,
  copy: false,
  concurrentSessions: true,
  programSessions: false,
  cascadesFireTriggers: false,
  arrays: false,
  snapshots: true,
  writeFreeze: false,
};
