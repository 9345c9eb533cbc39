import type { OwnChange } from "./own-change.ts";

// Sums of what applications report, an hour and reporter a row; id is the digest of what a row is about. A report that is
// sent again is known by its id.
export const metricsOfCutovers: OwnChange = {
  version: 8,
  name: "metrics of cutovers",
  sql: `
CREATE TABLE runback_cutover_metrics (
  id TEXT NOT NULL PRIMARY KEY,
  cutover TEXT NOT NULL,
  hour TEXT NOT NULL,
  since TEXT NOT NULL,
  stage TEXT NOT NULL,
  operation TEXT NOT NULL,
  reporter TEXT NOT NULL,
  calls INTEGER NOT NULL,
  failed INTEGER NOT NULL,
  timeouts INTEGER NOT NULL,
  equal_reads INTEGER NOT NULL,
  different_reads INTEGER NOT NULL,
  unknown_reads INTEGER NOT NULL,
  dropped INTEGER NOT NULL,
  total_us INTEGER NOT NULL,
  max_us INTEGER NOT NULL,
  last_at TEXT NOT NULL
);
CREATE INDEX runback_cutover_metrics_of ON runback_cutover_metrics (cutover, hour);
CREATE TABLE runback_cutover_reports (
  id TEXT NOT NULL PRIMARY KEY,
  at TEXT NOT NULL
);`,
};
