import { document, hash, name, table } from "./column-types.ts";
import type { OwnChange } from "./own-change.ts";

const refuse = (on: string, event: "UPDATE" | "DELETE") => `
CREATE TRIGGER runback_refuse_${on}_${event.toLowerCase()} BEFORE ${event} ON runback_${on} FOR EACH ROW
  SIGNAL SQLSTATE 'RB002' SET MESSAGE_TEXT = 'runback_${on} is append-only: ${event} refused'`;

export const auditTrail: OwnChange = {
  version: 3,
  name: "audit trail",
  sql: [
    `CREATE TABLE IF NOT EXISTS runback_audit (
        id char(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT (uuid()) PRIMARY KEY,
        action ${name} NOT NULL,
        metadata json NOT NULL DEFAULT ('{}'),
        \`createdAt\` datetime(6) NOT NULL DEFAULT (utc_timestamp(6))
      ) ${table}`,
    `CREATE TABLE IF NOT EXISTS runback_audit_chain (
        relation ${name} NOT NULL,
        seq bigint NOT NULL,
        entry ${name} NOT NULL,
        row_sha256 ${hash} NOT NULL,
        previous ${hash} NOT NULL,
        sha256 ${hash} NOT NULL,
        PRIMARY KEY (relation, seq), INDEX (relation, entry)
      ) ${table}`,
    `CREATE TABLE IF NOT EXISTS runback_audit_heads (
        relation ${name} NOT NULL PRIMARY KEY,
        columns ${document} NOT NULL,
        ready boolean NOT NULL DEFAULT false,
        seq bigint NOT NULL DEFAULT 0,
        sha256 ${hash} NOT NULL DEFAULT '${"0".repeat(64)}'
      ) ${table}`,
    // A trigger cannot refuse TRUNCATE or DROP; a table that is referenced is refused both.
    `CREATE TABLE IF NOT EXISTS runback_guard_audit_chain (
        relation ${name} NOT NULL, seq bigint NOT NULL, FOREIGN KEY (relation, seq) REFERENCES runback_audit_chain (relation, seq)
      ) ${table}`,
    ...(["UPDATE", "DELETE"] as const).flatMap((event) => [
      `DROP TRIGGER IF EXISTS runback_refuse_audit_chain_${event.toLowerCase()}`,
      refuse("audit_chain", event),
    ]),
  ],
};
