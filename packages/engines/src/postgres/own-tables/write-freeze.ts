import type { OwnChange } from "./own-change.ts";

export const writeFreeze: OwnChange = {
  version: 7,
  name: "write freeze",
  sql: `
-- One row while it is on.
CREATE TABLE runback.freeze (
  single boolean PRIMARY KEY DEFAULT true CHECK (single),
  reason text NOT NULL,
  operator text NOT NULL,
  since timestamptz NOT NULL
);
-- Before the statement: nothing is read, nothing is locked, no other trigger has run. What takes a run back, or puts a snapshot in
-- the place of everything, is what a freeze makes room for.
CREATE FUNCTION runback.refuse_frozen() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  named text := current_setting('runback.run_id', true);
  frozen runback.freeze%ROWTYPE;
BEGIN
  IF named <> '' AND EXISTS (SELECT FROM runback.runs WHERE run_id = named AND kind IN ('rollback', 'restore') AND state = 'running') THEN
    RETURN NULL;
  END IF;
  SELECT * INTO frozen FROM runback.freeze;
  IF NOT FOUND THEN
    RETURN NULL;
  END IF;
  RAISE EXCEPTION '%.% is frozen by Runback since % UTC: % refused', TG_TABLE_SCHEMA, TG_TABLE_NAME,
    to_char(frozen.since AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS'), TG_OP
    USING ERRCODE = 'RB005', DETAIL = frozen.reason, HINT = 'Wait until it is lifted with: runback freeze off.';
END $$;`,
};
