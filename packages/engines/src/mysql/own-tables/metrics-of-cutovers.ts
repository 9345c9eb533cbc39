import { key, name, table } from "./column-types.ts";
import type { OwnChange } from "./own-change.ts";

// Sums of what applications report, an hour and reporter a row; id is the digest of what a row is about. A report that is
// sent again is known by its id.
export const metricsOfCutovers: OwnChange = {
  version: 9,
  name: "metrics of cutovers",
  sql: [
    `CREATE TABLE IF NOT EXISTS runback_cutover_metrics (
        id ${key(64)} NOT NULL PRIMARY KEY,
        cutover ${name} NOT NULL,
        hour ${key(30)} NOT NULL,
        since ${key(30)} NOT NULL,
        stage ${key(20)} NOT NULL,
        operation ${key(20)} NOT NULL,
        reporter ${name} NOT NULL,
        calls bigint NOT NULL,
        failed bigint NOT NULL,
        timeouts bigint NOT NULL,
        equal_reads bigint NOT NULL,
        different_reads bigint NOT NULL,
        unknown_reads bigint NOT NULL,
        dropped bigint NOT NULL,
        total_us bigint NOT NULL,
        max_us bigint NOT NULL,
        last_at ${key(30)} NOT NULL,
        INDEX (cutover, hour)
      ) ${table}`,
    `CREATE TABLE IF NOT EXISTS runback_cutover_reports (
        id ${key(64)} NOT NULL PRIMARY KEY,
        at ${key(30)} NOT NULL
      ) ${table}`,
  ],
};
