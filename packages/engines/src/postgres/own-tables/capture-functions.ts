import type { OwnChange } from "./own-change.ts";

export const captureFunctions: OwnChange = {
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
};
