import type { Capabilities } from "@runback/core";

export const capabilities: Capabilities = {
  transactionalDdl: true,
  statementTriggers: false,
  returning: true,
  copy: false,
  concurrentSessions: false,
  cascadesFireTriggers: true,
  arrays: false,
};
