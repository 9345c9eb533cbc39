import { newId, now } from "./column-defaults.ts";
import type { OwnChange } from "./own-change.ts";

export const auditTrail: OwnChange = {
  version: 3,
  name: "audit trail",
  sql: `
CREATE TABLE runback_audit (
  id TEXT PRIMARY KEY NOT NULL DEFAULT ${newId},
  action TEXT NOT NULL,
  metadata TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(metadata)),
  "createdAt" TEXT NOT NULL DEFAULT ${now}
);
CREATE TABLE runback_audit_chain (
  relation TEXT NOT NULL,
  seq INTEGER NOT NULL,
  entry TEXT NOT NULL,
  row_sha256 TEXT NOT NULL,
  previous TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  PRIMARY KEY (relation, seq)
) WITHOUT ROWID;
CREATE INDEX runback_audit_chain_entry ON runback_audit_chain (relation, entry);
CREATE TABLE runback_audit_heads (
  relation TEXT PRIMARY KEY NOT NULL,
  columns TEXT NOT NULL,
  seq INTEGER NOT NULL DEFAULT 0,
  sha256 TEXT NOT NULL DEFAULT '${"0".repeat(64)}'
) WITHOUT ROWID;
-- Entries in the order they came, until a session that can hash them puts them on the chain: Runback's own do in the same transaction.
CREATE TABLE runback_audit_pending (
  num INTEGER PRIMARY KEY AUTOINCREMENT,
  relation TEXT NOT NULL,
  entry TEXT NOT NULL
);
CREATE TRIGGER runback_refuse_update_chain BEFORE UPDATE ON runback_audit_chain
BEGIN SELECT RAISE(ABORT, 'RB002: runback_audit_chain is append-only: UPDATE refused'); END;
CREATE TRIGGER runback_refuse_delete_chain BEFORE DELETE ON runback_audit_chain
BEGIN SELECT RAISE(ABORT, 'RB002: runback_audit_chain is append-only: DELETE refused'); END;
CREATE TRIGGER runback_refuse_replace_chain BEFORE INSERT ON runback_audit_chain
WHEN EXISTS (SELECT 1 FROM runback_audit_chain WHERE relation = NEW.relation AND seq = NEW.seq)
BEGIN SELECT RAISE(ABORT, 'RB002: runback_audit_chain is append-only: REPLACE refused'); END;`,
};
