import type { OwnChange } from "./own-change.ts";

export const api: OwnChange = {
  version: 5,
  name: "api",
  sql: `
CREATE TABLE runback.tokens (
  id text PRIMARY KEY,
  name text NOT NULL,
  role text NOT NULL CHECK (role IN ('viewer', 'operator', 'approver', 'admin')),
  sha256 text NOT NULL UNIQUE,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  revoked_at timestamptz
);
CREATE TABLE runback.approvals (
  id text PRIMARY KEY,
  digest text NOT NULL,
  action text NOT NULL,
  requested_by text NOT NULL,
  approved_by text NOT NULL CHECK (approved_by <> requested_by),
  approved_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL
);
CREATE TABLE runback.idempotency (
  key text PRIMARY KEY,
  request_sha256 text NOT NULL,
  status integer,
  body text,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE TABLE runback.policies (
  migration text NOT NULL,
  key text NOT NULL,
  value jsonb NOT NULL,
  PRIMARY KEY (migration, key)
);
CREATE TABLE runback.verifications (
  id text PRIMARY KEY,
  run_id text NOT NULL,
  passed boolean NOT NULL,
  report jsonb NOT NULL,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);`,
};
