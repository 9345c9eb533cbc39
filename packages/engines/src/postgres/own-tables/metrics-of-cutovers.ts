import type { OwnChange } from "./own-change.ts";

// Sums of what applications report, an hour and reporter a row; id is the digest of what a row is about. A report that is
// sent again is known by its id.
export const metricsOfCutovers: OwnChange = {
  version: 9,
  name: "metrics of cutovers",
  sql: `
CREATE TABLE runback.cutover_metrics (
  id text NOT NULL PRIMARY KEY,
  cutover text NOT NULL,
  hour text NOT NULL,
  since text NOT NULL,
  stage text NOT NULL,
  operation text NOT NULL,
  reporter text NOT NULL,
  calls bigint NOT NULL,
  failed bigint NOT NULL,
  timeouts bigint NOT NULL,
  equal_reads bigint NOT NULL,
  different_reads bigint NOT NULL,
  unknown_reads bigint NOT NULL,
  dropped bigint NOT NULL,
  total_us bigint NOT NULL,
  max_us bigint NOT NULL,
  last_at text NOT NULL
);
CREATE INDEX ON runback.cutover_metrics (cutover, hour);
CREATE TABLE runback.cutover_reports (
  id text NOT NULL PRIMARY KEY,
  at text NOT NULL
);`,
};
