import type { OwnChange } from "./own-change.ts";

export const auditTrail: OwnChange = {
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
};
