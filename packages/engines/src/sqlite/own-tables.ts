/** Runback's own tables, as numbered changes. A change that was released is never edited: its hash is in every ledger. */
export interface OwnChange {
  readonly version: number;
  readonly name: string;
  readonly sql: string;
}

/** The time now, of one width in UTC, with what every SQLite can compute. */
const now = "(strftime('%Y-%m-%dT%H:%M:%f', 'now') || '000Z')";
const newId =
  "(lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2) || '-a' || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6))))";

export const columnDefaults: Readonly<Record<"now" | "new-id", string>> = { now, "new-id": newId };

export const ownChanges: readonly OwnChange[] = [
  {
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
  },
  {
    version: 2,
    name: "journal",
    sql: `
-- The run that writes now. Slot 0 is written and deleted inside the run's own transaction, so nobody else ever sees it;
-- slot 1 is committed for as long as a program of somebody else's runs.
CREATE TABLE runback_marker (
  slot INTEGER PRIMARY KEY CHECK (slot IN (0, 1)),
  run INTEGER NOT NULL
);
-- relation: the number in the names of the table's triggers, by which it is found after it was renamed.
CREATE TABLE runback_layouts (
  num INTEGER PRIMARY KEY AUTOINCREMENT,
  relation INTEGER NOT NULL,
  table_name TEXT NOT NULL,
  columns TEXT NOT NULL,
  key TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  current INTEGER NOT NULL,
  enrolled_at TEXT NOT NULL DEFAULT ${now}
);
-- One row a change of a row. b<n> and a<n> are the values of the layout's n-th column before and after, as they are: columns
-- without a type keep every value and its storage class. Enrolling a wider table adds columns.
CREATE TABLE runback_journal (
  ord INTEGER PRIMARY KEY AUTOINCREMENT,
  run INTEGER NOT NULL,
  layout INTEGER NOT NULL,
  b0, a0
);
CREATE INDEX runback_journal_run ON runback_journal (run, layout);
-- A row that changed its key has two entries.
CREATE TABLE runback_key_changes (
  gone INTEGER PRIMARY KEY,
  come INTEGER NOT NULL,
  run INTEGER NOT NULL,
  layout INTEGER NOT NULL
);
-- Rows that a statement may be about to replace: REPLACE deletes without firing delete triggers.
CREATE TABLE runback_replaced (
  layout INTEGER NOT NULL,
  b0
);
-- One row for every row of a run that is being taken back. first, last: its first and last entry in the journal; key: a digest
-- of its key; act: what would be done (insert, update, delete; pass: a row that came and went, or changed and changed back,
-- within the run; none); guard: digest of a row that force overwrites.
CREATE TABLE runback_undo_rows (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  plan TEXT NOT NULL,
  layout INTEGER NOT NULL,
  key TEXT NOT NULL,
  first INTEGER NOT NULL,
  last INTEGER NOT NULL,
  class TEXT NOT NULL,
  act TEXT NOT NULL,
  keyed INTEGER NOT NULL,
  detail TEXT,
  guard TEXT
);
CREATE UNIQUE INDEX runback_undo_rows_key ON runback_undo_rows (plan, layout, key);
CREATE INDEX runback_undo_rows_order ON runback_undo_rows (plan, last);`,
  },
  {
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
  },
  {
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
  },
  {
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
  },
  {
    version: 6,
    name: "cutovers",
    sql: `
CREATE TABLE runback_cutovers (
  name TEXT NOT NULL PRIMARY KEY,
  phase INTEGER NOT NULL CHECK (phase BETWEEN 0 AND 5),
  state TEXT NOT NULL CHECK (state IN ('planned', 'entered', 'dropped')),
  comparing INTEGER NOT NULL CHECK (comparing IN (0, 1)),
  since TEXT NOT NULL,
  moving TEXT,
  shape_sha256 TEXT NOT NULL,
  definition_sha256 TEXT NOT NULL,
  guard_commit TEXT,
  changed_by TEXT NOT NULL,
  changed_at TEXT NOT NULL
);
CREATE TABLE runback_cutover_evidence (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  cutover TEXT NOT NULL,
  kind TEXT NOT NULL,
  phase INTEGER NOT NULL,
  outcome TEXT NOT NULL,
  at TEXT NOT NULL,
  operator TEXT,
  data TEXT NOT NULL
);
CREATE INDEX runback_cutover_evidence_of ON runback_cutover_evidence (cutover, kind, seq);`,
  },
  {
    version: 7,
    name: "images of one column",
    sql: `
-- The number of the only column that differs: of the others, but for the key, no value after is written. NULL: all are.
ALTER TABLE runback_journal ADD COLUMN only INTEGER;`,
  },
  {
    // Sums of what applications report, an hour and reporter a row; id is the digest of what a row is about. A report that is
    // sent again is known by its id.
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
  },
];
