import { now } from "./column-defaults.ts";
import type { OwnChange } from "./own-change.ts";

export const runsAndLeases: OwnChange = {
  version: 1,
  name: "runs and leases",
  sql: `
CREATE TABLE runback_runs (
  num INTEGER PRIMARY KEY AUTOINCREMENT,
  run_id TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL,
  mode TEXT NOT NULL,
  migration TEXT NOT NULL,
  operator TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('running', 'paused', 'completed', 'failed', 'aborted')),
  reverts_run_id TEXT REFERENCES runback_runs (run_id),
  plan_digest TEXT,
  input TEXT,
  checkpoint TEXT,
  result TEXT,
  error TEXT,
  bundle TEXT,
  rows INTEGER NOT NULL DEFAULT 0,
  started_at TEXT NOT NULL,
  completed_at TEXT
);
CREATE TABLE runback_steps (
  run_id TEXT NOT NULL REFERENCES runback_runs (run_id),
  seq INTEGER NOT NULL,
  name TEXT NOT NULL,
  rows INTEGER NOT NULL,
  duration_ms INTEGER NOT NULL,
  committed_at TEXT NOT NULL DEFAULT ${now},
  PRIMARY KEY (run_id, seq)
) WITHOUT ROWID;
-- Milliseconds since 1970; 0 when it was released.
CREATE TABLE runback_leases (
  name TEXT PRIMARY KEY NOT NULL,
  run_id TEXT NOT NULL,
  holder TEXT NOT NULL,
  token INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
) WITHOUT ROWID;`,
};
