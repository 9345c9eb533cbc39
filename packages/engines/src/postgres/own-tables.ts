/** Runback's own tables, as numbered changes. A change that was released is never edited: its hash is in every ledger. */
export interface OwnChange {
  readonly version: number;
  readonly name: string;
  readonly sql: string;
}

export const ownChanges: readonly OwnChange[] = [
  {
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
  },
  {
    version: 2,
    name: "journal",
    sql: `
CREATE SEQUENCE runback.statement_order;
CREATE TABLE runback.layouts (
  num integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  relation oid NOT NULL,
  schema_name text NOT NULL,
  table_name text NOT NULL,
  columns jsonb NOT NULL,
  key jsonb NOT NULL,
  fingerprint text NOT NULL,
  current boolean NOT NULL,
  enrolled_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
-- What an image of a table means, and what captures it: columns by number, name and type, key, partitions, triggers.
CREATE FUNCTION runback.shape(relation oid) RETURNS text LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
  SELECT concat(
    (SELECT string_agg(format('%s:%s:%s:%s', attnum, attname, atttypid, atttypmod), ',' ORDER BY attnum)
     FROM pg_attribute WHERE attrelid = $1 AND attnum > 0 AND NOT attisdropped AND attgenerated = ''),
    ';', (SELECT indkey::text FROM pg_index WHERE indrelid = $1 AND indisprimary),
    ';', (SELECT string_agg(t.relid::oid::text, ',' ORDER BY t.relid::oid) FROM pg_partition_tree($1) t),
    ';', (SELECT string_agg(format('%s:%s:%s', tgrelid, tgname, tgenabled), ',' ORDER BY tgrelid, tgname) FROM pg_trigger
      WHERE tgrelid IN (SELECT t.relid FROM pg_partition_tree($1) t UNION SELECT $1)
        AND tgname IN ('runback_mark', 'runback_capture_insert', 'runback_capture_update', 'runback_capture_delete',
          'runback_capture_truncate', 'runback_key_change')))
$$;
CREATE UNIQUE INDEX layouts_current ON runback.layouts (relation) WHERE current;
-- Append only and read by run: a block range index costs a bulk change next to nothing where a B-tree took a tenth.
CREATE TABLE runback.journal (
  run integer NOT NULL,
  layout integer NOT NULL,
  ord bigint NOT NULL,
  key text[] NOT NULL,
  before text[],
  after bytea
);
CREATE INDEX journal_run ON runback.journal USING brin (run, ord) WITH (pages_per_range = 16);
CREATE TABLE runback.key_changes (
  run integer NOT NULL,
  layout integer NOT NULL,
  ord bigint NOT NULL,
  old_key text[] NOT NULL,
  new_key text[] NOT NULL
);
CREATE INDEX key_changes_run ON runback.key_changes (run, ord);
-- One row for every row of a run that is being taken back. act: what would be done (insert, update, delete; pass: a row that came and
-- went within the run, which only a replay in reverse passes through; none);
-- guard: the digest the live row must still have when it is done, NULL when it must be absent.
CREATE TABLE runback.undo_rows (
  plan text NOT NULL,
  layout integer NOT NULL,
  seq bigint GENERATED ALWAYS AS IDENTITY,
  key text[] NOT NULL,
  class text NOT NULL,
  act text NOT NULL,
  keyed boolean NOT NULL,
  detail text,
  before text[],
  guard bytea
);
CREATE INDEX undo_rows_order ON runback.undo_rows (plan, act, layout, seq);`,
  },
  {
    version: 3,
    name: "capture functions",
    sql: `
CREATE FUNCTION runback.current_run() RETURNS integer LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  found integer;
BEGIN
  SELECT num INTO found FROM runback.runs
  WHERE run_id = current_setting('runback.run_id', true) AND state = 'running';
  IF found IS NULL THEN
    RAISE EXCEPTION 'runback: run % is not running', current_setting('runback.run_id', true)
      USING ERRCODE = 'RB001', HINT = 'Clear runback.run_id, or start a run and name it.';
  END IF;
  RETURN found;
END $$;
-- Statements are ordered by when they begin: a statement that a trigger runs inside another one ends first, but comes second.
CREATE FUNCTION runback.mark_statement() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM set_config('runback.at_' || pg_trigger_depth(), nextval('runback.statement_order')::text, true);
  RETURN NULL;
END $$;`,
  },
  {
    version: 4,
    name: "audit trail",
    sql: `
CREATE TABLE runback.audit (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  action text NOT NULL,
  metadata jsonb NOT NULL DEFAULT '{}',
  "createdAt" timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE TABLE runback.audit_chain (
  relation text NOT NULL,
  seq bigint NOT NULL,
  entry text NOT NULL,
  row_sha256 text NOT NULL,
  previous text NOT NULL,
  sha256 text NOT NULL,
  PRIMARY KEY (relation, seq)
);
CREATE TABLE runback.audit_heads (
  relation text PRIMARY KEY,
  columns text[] NOT NULL,
  seq bigint NOT NULL DEFAULT 0,
  sha256 text NOT NULL DEFAULT repeat('0', 64)
);
-- The hashed form of an entry: the columns the table had when it was protected, so that a later column breaks no chain.
CREATE FUNCTION runback.entry_sha256(entry jsonb, columns text[]) RETURNS text LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp AS $$
  SELECT encode(sha256(convert_to(jsonb_object_agg(name, entry -> name)::text, 'UTF8')), 'hex') FROM unnest(columns) AS name
$$;
CREATE FUNCTION runback.refuse_change() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RAISE EXCEPTION '%.% is append-only: % refused', TG_TABLE_SCHEMA, TG_TABLE_NAME, TG_OP
    USING ERRCODE = 'RB002', HINT = 'Append a correcting entry instead.';
END $$;
CREATE TRIGGER runback_refuse BEFORE UPDATE OR DELETE OR TRUNCATE ON runback.audit_chain
  FOR EACH STATEMENT EXECUTE FUNCTION runback.refuse_change();
ALTER TABLE runback.audit_chain ENABLE ALWAYS TRIGGER runback_refuse;
-- The head row is locked by every append, so the chain has one order; appends come last in a step to keep that short.
CREATE FUNCTION runback.chain_entry() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET "DateStyle" = 'ISO, YMD' SET "IntervalStyle" = 'postgres' SET "TimeZone" = 'UTC' SET extra_float_digits = 1
SET bytea_output = 'hex' SET lc_monetary = 'C' SET xmlbinary = 'base64' SET client_encoding = 'UTF8'
SET row_security = off SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  relation_name text := TG_TABLE_SCHEMA || '.' || TG_TABLE_NAME;
  head runback.audit_heads%ROWTYPE;
  row_hash text;
  link text;
BEGIN
  SELECT * INTO STRICT head FROM runback.audit_heads WHERE relation = relation_name FOR UPDATE;
  row_hash := runback.entry_sha256(to_jsonb(NEW), head.columns);
  link := encode(sha256(convert_to(head.sha256 || row_hash, 'UTF8')), 'hex');
  INSERT INTO runback.audit_chain VALUES (relation_name, head.seq + 1, to_jsonb(NEW) ->> 'id', row_hash, head.sha256, link);
  UPDATE runback.audit_heads SET seq = head.seq + 1, sha256 = link WHERE relation = relation_name;
  RETURN NULL;
END $$;
-- Entries from before the protection, in order of time. Each link needs the one before it: a loop, 40,000 entries a second.
CREATE FUNCTION runback.chain_existing(audited regclass, relation_name text) RETURNS void LANGUAGE plpgsql
SET "DateStyle" = 'ISO, YMD' SET "IntervalStyle" = 'postgres' SET "TimeZone" = 'UTC' SET extra_float_digits = 1
SET bytea_output = 'hex' SET lc_monetary = 'C' SET xmlbinary = 'base64' SET client_encoding = 'UTF8'
SET row_security = off SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  head runback.audit_heads%ROWTYPE;
  found record;
  link text;
BEGIN
  SELECT * INTO STRICT head FROM runback.audit_heads WHERE relation = relation_name FOR UPDATE;
  FOR found IN EXECUTE format(
    'SELECT _entry.id::text AS entry, runback.entry_sha256(to_jsonb(_entry), $1) AS hash FROM %s _entry ORDER BY _entry."createdAt", _entry.id',
    audited) USING head.columns
  LOOP
    link := encode(sha256(convert_to(head.sha256 || found.hash, 'UTF8')), 'hex');
    INSERT INTO runback.audit_chain VALUES (relation_name, head.seq + 1, found.entry, found.hash, head.sha256, link);
    head.seq := head.seq + 1;
    head.sha256 := link;
  END LOOP;
  UPDATE runback.audit_heads SET seq = head.seq, sha256 = head.sha256 WHERE relation = relation_name;
END $$;`,
  },
  {
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
  },
];
