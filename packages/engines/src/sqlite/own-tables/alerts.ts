import type { OwnChange } from "./own-change.ts";

export const alerts: OwnChange = {
  version: 5,
  name: "alerts",
  sql: `
CREATE TABLE runback_alerts (
  id TEXT NOT NULL PRIMARY KEY,
  check_id TEXT NOT NULL,
  target TEXT NOT NULL,
  open_key TEXT UNIQUE,
  state TEXT NOT NULL CHECK (state IN ('open', 'acknowledged', 'resolved')),
  severity TEXT NOT NULL CHECK (severity IN ('critical', 'error', 'warning')),
  title TEXT NOT NULL,
  code TEXT NOT NULL,
  reasons TEXT NOT NULL,
  run_id TEXT,
  occurrences INTEGER NOT NULL,
  opened_at TEXT NOT NULL,
  last_at TEXT NOT NULL,
  acknowledged_by TEXT,
  acknowledged_at TEXT,
  resolved_at TEXT
);
CREATE TABLE runback_alert_events (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  alert_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  at TEXT NOT NULL,
  alert TEXT NOT NULL,
  addressed INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE runback_alert_deliveries (
  event_id TEXT NOT NULL,
  receiver TEXT NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  next_at TEXT NOT NULL,
  claim TEXT,
  claimed_until TEXT,
  delivered_at TEXT,
  dead_at TEXT,
  last_error TEXT,
  PRIMARY KEY (event_id, receiver)
);`,
};
