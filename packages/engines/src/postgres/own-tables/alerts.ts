import type { OwnChange } from "./own-change.ts";

// Times are ISO 8601 texts in UTC, the same on every engine: they order as they read. An alert's open_key is a hash of
// its check and target until it is resolved, so that there is never a second one.
export const alerts: OwnChange = {
  version: 6,
  name: "alerts",
  sql: `
CREATE TABLE runback.alerts (
  id text NOT NULL PRIMARY KEY,
  check_id text NOT NULL,
  target text NOT NULL,
  open_key text UNIQUE,
  state text NOT NULL CHECK (state IN ('open', 'acknowledged', 'resolved')),
  severity text NOT NULL CHECK (severity IN ('critical', 'error', 'warning')),
  title text NOT NULL,
  code text NOT NULL,
  reasons text NOT NULL,
  run_id text,
  occurrences integer NOT NULL,
  opened_at text NOT NULL,
  last_at text NOT NULL,
  acknowledged_by text,
  acknowledged_at text,
  resolved_at text
);
CREATE TABLE runback.alert_events (
  seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id text NOT NULL UNIQUE,
  alert_id text NOT NULL,
  kind text NOT NULL,
  at text NOT NULL,
  alert text NOT NULL,
  addressed integer NOT NULL DEFAULT 0
);
CREATE TABLE runback.alert_deliveries (
  event_id text NOT NULL,
  receiver text NOT NULL,
  attempts integer NOT NULL DEFAULT 0,
  next_at text NOT NULL,
  claim text,
  claimed_until text,
  delivered_at text,
  dead_at text,
  last_error text,
  PRIMARY KEY (event_id, receiver)
);`,
};
