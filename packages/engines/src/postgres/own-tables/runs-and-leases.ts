import type { OwnChange } from "./own-change.ts";

export const runsAndLeases: OwnChange = {
  version: 1,
  name: "runs and leases",
  sql: `
CREATE TABLE runback.runs (
  num integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  run_id text NOT NULL UNIQUE,
  kind text NOT NULL,
  mode text NOT NULL,
  migration text NOT NULL,
  operator text NOT NULL,
  state text NOT NULL CHECK (state IN ('running', 'paused', 'completed', 'failed', 'aborted')),
  reverts_run_id text REFERENCES runback.runs (run_id),
  plan_digest text,
  input jsonb,
  checkpoint jsonb,
  result jsonb,
  error jsonb,
  bundle jsonb,
  rows bigint NOT NULL DEFAULT 0,
  started_at timestamptz NOT NULL,
  completed_at timestamptz
);
CREATE TABLE runback.steps (
  run_id text NOT NULL REFERENCES runback.runs (run_id),
  seq integer NOT NULL,
  name text NOT NULL,
  rows bigint NOT NULL,
  duration_ms integer NOT NULL,
  committed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (run_id, seq)
);
CREATE TABLE runback.leases (
  name text PRIMARY KEY,
  run_id text NOT NULL,
  holder text NOT NULL,
  token bigint NOT NULL,
  expires_at timestamptz NOT NULL
);`,
};
