import { document, key, name, table } from "./column-types.ts";
import type { OwnChange } from "./own-change.ts";

export const api: OwnChange = {
  version: 4,
  name: "api",
  sql: [
    `CREATE TABLE IF NOT EXISTS runback_tokens (
        id ${key(100)} NOT NULL PRIMARY KEY,
        name ${name} NOT NULL,
        role ${key(20)} NOT NULL CHECK (role IN ('viewer', 'operator', 'approver', 'admin')),
        sha256 ${key(64)} NOT NULL UNIQUE,
        created_at datetime(6) NOT NULL DEFAULT (utc_timestamp(6)),
        revoked_at datetime(6)
      ) ${table}`,
    `CREATE TABLE IF NOT EXISTS runback_approvals (
        id ${key(100)} NOT NULL PRIMARY KEY,
        digest ${key(100)} NOT NULL,
        action ${name} NOT NULL,
        requested_by ${name} NOT NULL,
        approved_by ${name} NOT NULL,
        approved_at datetime(6) NOT NULL,
        expires_at datetime(6) NOT NULL,
        CHECK (approved_by <> requested_by)
      ) ${table}`,
    `CREATE TABLE IF NOT EXISTS runback_idempotency (
        request_key varchar(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL PRIMARY KEY,
        request_sha256 ${key(64)} NOT NULL,
        status int,
        body ${document},
        created_at datetime(6) NOT NULL
      ) ${table}`,
    `CREATE TABLE IF NOT EXISTS runback_policies (
        migration ${name} NOT NULL,
        policy ${name} NOT NULL,
        value ${document} NOT NULL,
        PRIMARY KEY (migration, policy)
      ) ${table}`,
    `CREATE TABLE IF NOT EXISTS runback_verifications (
        id ${key(100)} NOT NULL PRIMARY KEY,
        run_id ${key(80)} NOT NULL,
        passed boolean NOT NULL,
        report ${document} NOT NULL,
        created_at datetime(6) NOT NULL,
        INDEX (run_id, created_at)
      ) ${table}`,
  ],
};
