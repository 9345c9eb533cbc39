import { document, key, table } from "./column-types.ts";
import type { OwnChange } from "./own-change.ts";

export const restores: OwnChange = {
  version: 6,
  name: "restores",
  sql: [
    // At most one row: what a restore in place has done so far, so that it can be taken back after its process is gone.
    `CREATE TABLE IF NOT EXISTS runback_restores (
        id int NOT NULL PRIMARY KEY,
        state ${key(20)} NOT NULL CHECK (state IN ('building', 'switching', 'done')),
        record ${document} NOT NULL,
        began_at datetime(6) NOT NULL DEFAULT (utc_timestamp(6))
      ) ${table}`,
  ],
};
