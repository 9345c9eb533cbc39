import type { Capabilities } from "@runback/core";

export const capabilities: Capabilities = {
  transactionalDdl: true,
  statementTriggers: true,
  returning: true,
  copy: true,
  concurrentSessions: true,
  programSessions: true,
  cascadesFireTriggers: true,
  arrays: true,
  snapshots: true,
  writeFreeze: true,
};
