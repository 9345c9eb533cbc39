import type { Capabilities } from "@runback/core";

export const capabilities: Capabilities = {
  transactionalDdl: true,
  statementTriggers: false,
  returning: true,
  copy: false,
  concurrentSessions: false,
  // They name no run by themselves: the run is named in the file meanwhile.
  programSessions: true,
  cascadesFireTriggers: true,
  arrays: false,
  snapshots: true,
  writeFreeze: false,
};
