import { document, key, name, table } from "./column-types.ts";
import type { OwnChange } from "./own-change.ts";

export const cutovers: OwnChange = {
  version: 7,
  name: "cutovers",
  sql: [
    `CREATE TABLE IF NOT EXISTS runback_cutovers (
        name ${name} NOT NULL PRIMARY KEY,
        phase int NOT NULL CHECK (phase BETWEEN 0 AND 5),
        state ${key(20)} NOT NULL CHECK (state IN ('planned', 'entered', 'dropped')),
        comparing int NOT NULL CHECK (comparing IN (0, 1)),
        since ${key(30)} NOT NULL,
        moving ${key(40)},
        shape_sha256 ${key(64)} NOT NULL,
        definition_sha256 ${key(64)} NOT NULL,
        guard_commit ${name},
        changed_by ${name} NOT NULL,
        changed_at ${key(30)} NOT NULL
      ) ${table}`,
    `CREATE TABLE IF NOT EXISTS runback_cutover_evidence (
        seq bigint NOT NULL AUTO_INCREMENT PRIMARY KEY,
        cutover ${name} NOT NULL,
        kind ${key(20)} NOT NULL,
        phase int NOT NULL,
        outcome ${key(20)} NOT NULL,
        at ${key(30)} NOT NULL,
        operator ${name},
        data ${document} NOT NULL,
        INDEX (cutover, kind, seq)
      ) ${table}`,
  ],
};
