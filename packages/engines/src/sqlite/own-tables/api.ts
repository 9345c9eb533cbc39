import { now } from "./column-defaults.ts";
import type { OwnChange } from "./own-change.ts";

export const api: OwnChange = {
  version: 4,
  name: "api",
  sql: `
CREATE TABLE runback_tokens (
  id TEXT PRIMARY KEY NOT NULL,
  name TEXT NOT NULL,
  role TEXT NOT NULL CHECK (role IN ('viewer', 'operator', 'approver', 'admin')),
  sha256 TEXT NOT NULL UNIQUE,
  created_at TEXT NOT NULL DEFAULT ${now},
  revoked_at TEXT
);
CREATE TABLE runback_approvals (
  id TEXT PRIMARY KEY NOT NULL,
  digest TEXT NOT NULL,
  action TEXT NOT NULL,
  requested_by TEXT NOT NULL,
  approved_by TEXT NOT NULL CHECK (approved_by <> requested_by),
  approved_at TEXT NOT NULL,
  expires_at TEXT NOT NULL
);
CREATE TABLE runback_idempotency (
  key TEXT PRIMARY KEY NOT NULL,
  request_sha256 TEXT NOT NULL,
  status INTEGER,
  body TEXT,
  created_at TEXT NOT NULL DEFAULT ${now}
);
CREATE TABLE runback_policies (
  migration TEXT NOT NULL,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (migration, key)
) WITHOUT ROWID;
CREATE TABLE runback_verifications (
  num INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  run_id TEXT NOT NULL,
  passed INTEGER NOT NULL,
  report TEXT NOT NULL,
  created_at TEXT NOT NULL DEFAULT ${now}
);`,
};
