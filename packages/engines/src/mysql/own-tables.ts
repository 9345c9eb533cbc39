/** Runback's own tables, as numbered changes. A change that was released is never edited: its hash is in every ledger. */
export interface OwnChange {
  readonly version: number;
  readonly name: string;
  /** Statements one by one: each commits by itself here, so each must be repeatable after a crash. */
  readonly sql: readonly string[];
}

const key = (length: number) => `varchar(${length}) CHARACTER SET ascii COLLATE ascii_bin`;
const hash = "varchar(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin";
const text = "text CHARACTER SET utf8mb4 COLLATE utf8mb4_bin";
const name = "varchar(200) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin";
/** A document of Runback's own: text, so that it comes back in the order it was written in. */
const document = "longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin";
/** An image or a key in its exact form: hexadecimal and digits. */
const image = "longtext CHARACTER SET ascii COLLATE ascii_bin";
const table = "ENGINE = InnoDB ROW_FORMAT = DYNAMIC";

const refuse = (on: string, event: "UPDATE" | "DELETE") => `
CREATE TRIGGER runback_refuse_${on}_${event.toLowerCase()} BEFORE ${event} ON runback_${on} FOR EACH ROW
  SIGNAL SQLSTATE 'RB002' SET MESSAGE_TEXT = 'runback_${on} is append-only: ${event} refused'`;

export const ownChanges: readonly OwnChange[] = [
  {
    version: 1,
    name: "runs and leases",
    sql: [
      `CREATE TABLE IF NOT EXISTS runback_runs (
        num int NOT NULL AUTO_INCREMENT PRIMARY KEY,
        run_id ${key(80)} NOT NULL UNIQUE,
        kind ${key(20)} NOT NULL,
        mode ${key(20)} NOT NULL,
        migration ${name} NOT NULL,
        operator ${name} NOT NULL,
        state ${key(20)} NOT NULL CHECK (state IN ('running', 'paused', 'completed', 'failed', 'aborted')),
        reverts_run_id ${key(80)},
        plan_digest ${key(80)},
        input ${document}, checkpoint ${document}, result ${document}, error ${document}, bundle ${document},
        row_count bigint NOT NULL DEFAULT 0,
        started_at datetime(6) NOT NULL,
        completed_at datetime(6),
        FOREIGN KEY (reverts_run_id) REFERENCES runback_runs (run_id)
      ) ${table}`,
      `CREATE TABLE IF NOT EXISTS runback_steps (
        run_id ${key(80)} NOT NULL,
        seq int NOT NULL,
        name ${name} NOT NULL,
        row_count bigint NOT NULL,
        duration_ms int NOT NULL,
        committed_at datetime(6) NOT NULL,
        PRIMARY KEY (run_id, seq),
        FOREIGN KEY (run_id) REFERENCES runback_runs (run_id)
      ) ${table}`,
      `CREATE TABLE IF NOT EXISTS runback_leases (
        name ${name} NOT NULL PRIMARY KEY,
        run_id ${key(80)} NOT NULL,
        holder ${name} NOT NULL,
        token bigint NOT NULL,
        expires_at datetime(6) NOT NULL
      ) ${table}`,
    ],
  },
  {
    version: 2,
    name: "journal",
    sql: [
      `CREATE TABLE IF NOT EXISTS runback_layouts (
        num int NOT NULL AUTO_INCREMENT PRIMARY KEY,
        table_name ${name} NOT NULL,
        columns ${document} NOT NULL,
        key_columns ${document} NOT NULL,
        fingerprint ${key(64)} NOT NULL,
        current boolean NOT NULL,
        enrolled_at datetime(6) NOT NULL,
        INDEX (table_name)
      ) ${table}`,
      // In the order it was written in, run by run: what a plan and a replay read. A trigger sees rows, not statements,
      // so the order is that of rows.
      `CREATE TABLE IF NOT EXISTS runback_journal (
        run int NOT NULL,
        ord bigint NOT NULL AUTO_INCREMENT,
        layout int NOT NULL,
        row_key varchar(6144) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
        before_image ${image},
        after_digest binary(32),
        PRIMARY KEY (run, ord), UNIQUE INDEX (ord)
      ) ${table}`,
      `CREATE TABLE IF NOT EXISTS runback_key_changes (
        run int NOT NULL,
        ord bigint NOT NULL AUTO_INCREMENT,
        layout int NOT NULL,
        old_key varchar(6144) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
        new_key varchar(6144) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
        PRIMARY KEY (run, ord), UNIQUE INDEX (ord)
      ) ${table}`,
      // One row for every row of a run that is being taken back. act: what would be done (insert, update, delete; pass: a
      // row that came and went, or changed and changed back, within the run; none); guard: the digest the live row must
      // still have when it is done.
      `CREATE TABLE IF NOT EXISTS runback_undo_rows (
        plan ${key(90)} NOT NULL,
        layout int NOT NULL,
        seq bigint NOT NULL AUTO_INCREMENT,
        row_key varchar(6144) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
        class ${key(12)} NOT NULL,
        act ${key(8)} NOT NULL,
        keyed boolean NOT NULL,
        detail ${text},
        before_image ${image},
        guard_digest binary(32),
        PRIMARY KEY (seq), INDEX by_act (plan, layout, act, seq), INDEX by_key (plan, layout, row_key(255))
      ) ${table}`,
    ],
  },
  {
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
  },
  {
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
  },
  {
    version: 5,
    name: "alerts",
    sql: [
      `CREATE TABLE IF NOT EXISTS runback_alerts (
        id ${key(100)} NOT NULL PRIMARY KEY,
        check_id ${name} NOT NULL,
        target ${name} NOT NULL,
        open_key ${key(64)} UNIQUE,
        state ${key(20)} NOT NULL CHECK (state IN ('open', 'acknowledged', 'resolved')),
        severity ${key(20)} NOT NULL CHECK (severity IN ('critical', 'error', 'warning')),
        title ${document} NOT NULL,
        code ${name} NOT NULL,
        reasons ${document} NOT NULL,
        run_id ${key(100)},
        occurrences int NOT NULL,
        opened_at ${key(30)} NOT NULL,
        last_at ${key(30)} NOT NULL,
        acknowledged_by ${name},
        acknowledged_at ${key(30)},
        resolved_at ${key(30)}
      ) ${table}`,
      `CREATE TABLE IF NOT EXISTS runback_alert_events (
        seq bigint NOT NULL AUTO_INCREMENT PRIMARY KEY,
        id ${key(100)} NOT NULL UNIQUE,
        alert_id ${key(100)} NOT NULL,
        kind ${key(20)} NOT NULL,
        at ${key(30)} NOT NULL,
        alert ${document} NOT NULL,
        addressed int NOT NULL DEFAULT 0
      ) ${table}`,
      `CREATE TABLE IF NOT EXISTS runback_alert_deliveries (
        event_id ${key(100)} NOT NULL,
        receiver ${name} NOT NULL,
        attempts int NOT NULL DEFAULT 0,
        next_at ${key(30)} NOT NULL,
        claim ${key(100)},
        claimed_until ${key(30)},
        delivered_at ${key(30)},
        dead_at ${key(30)},
        last_error ${document},
        PRIMARY KEY (event_id, receiver)
      ) ${table}`,
    ],
  },
  {
    version: 6,
    name: "restores",
    sql: [
      // At most one row: what a restore in place has done so far, so that it can be taken back after its process is gone.
      `CREATE TABLE IF NOT EXISTS runback_restores (
        id int NOT NULL PRIMARY KEY,
        state ${key(20)} NOT NULL CHECK (state IN ('building', 'switching', 'done')),
        record ${document} NOT NULL,
        began_at datetime(6) NOT NULL DEFAULT (utc_timestamp(6))
      ) ${table}`,
    ],
  },
  {
    version: 7,
    name: "cutovers",
    sql: [
      `CREATE TABLE IF NOT EXISTS runback_cutovers (
        name ${name} NOT NULL PRIMARY KEY,
        phase int NOT NULL CHECK (phase BETWEEN 0 AND 5),
        state ${key(20)} NOT NULL CHECK (state IN ('planned', 'entered', 'dropped')),
        comparing int NOT NULL CHECK (comparing IN (0, 1)),
        since ${key(30)} NOT NULL,
        moving ${key(40)},
        shape_sha256 ${key(64)} NOT NULL,
        definition_sha256 ${key(64)} NOT NULL,
        guard_commit ${name},
        changed_by ${name} NOT NULL,
        changed_at ${key(30)} NOT NULL
      ) ${table}`,
      `CREATE TABLE IF NOT EXISTS runback_cutover_evidence (
        seq bigint NOT NULL AUTO_INCREMENT PRIMARY KEY,
        cutover ${name} NOT NULL,
        kind ${key(20)} NOT NULL,
        phase int NOT NULL,
        outcome ${key(20)} NOT NULL,
        at ${key(30)} NOT NULL,
        operator ${name},
        data ${document} NOT NULL,
        INDEX (cutover, kind, seq)
      ) ${table}`,
    ],
  },
  {
    // Tables that only runs that change values have enrolled: foreign keys may act on them, for those runs make none act.
    version: 8,
    name: "tables of changed values",
    sql: [`CREATE TABLE IF NOT EXISTS runback_values_only (table_name ${name} NOT NULL PRIMARY KEY) ${table}`],
  },
  {
    // Sums of what applications report, an hour and reporter a row; id is the digest of what a row is about. A report that is
    // sent again is known by its id.
    version: 9,
    name: "metrics of cutovers",
    sql: [
      `CREATE TABLE IF NOT EXISTS runback_cutover_metrics (
        id ${key(64)} NOT NULL PRIMARY KEY,
        cutover ${name} NOT NULL,
        hour ${key(30)} NOT NULL,
        since ${key(30)} NOT NULL,
        stage ${key(20)} NOT NULL,
        operation ${key(20)} NOT NULL,
        reporter ${name} NOT NULL,
        calls bigint NOT NULL,
        failed bigint NOT NULL,
        timeouts bigint NOT NULL,
        equal_reads bigint NOT NULL,
        different_reads bigint NOT NULL,
        unknown_reads bigint NOT NULL,
        dropped bigint NOT NULL,
        total_us bigint NOT NULL,
        max_us bigint NOT NULL,
        last_at ${key(30)} NOT NULL,
        INDEX (cutover, hour)
      ) ${table}`,
      `CREATE TABLE IF NOT EXISTS runback_cutover_reports (
        id ${key(64)} NOT NULL PRIMARY KEY,
        at ${key(30)} NOT NULL
      ) ${table}`,
    ],
  },
];
