import type { Column, Table, TableRef } from "@runback/core";
import { id, table as tableName } from "./dialect.ts";
import { freeAlias, image, imageColumns, keyColumns, keyOperators, keyText, liveDigest, sameKey } from "./row-image.ts";
import { captureClauses } from "./session.ts";

/**
 * The trigger functions of one layout. An update joins the two transition tables by primary key; a row whose key
 * changed is left on both sides and pairs by key_changes.
 */
export function captureFunctions(layout: number, table: Table): string {
  const columns = imageColumns(table);
  const [older, newer] = [freeAlias("_old", table), freeAlias("_new", table)];
  const [run, ord] = [freeAlias("_run", table), freeAlias("_ord", table)];
  const pair = sameKey(older, newer, table);
  // Moving a row between partitions is a deletion and an insertion to row triggers, so there the pairing itself must tell.
  const keysMayChange =
    table.partitions.length > 0
      ? "true"
      : `EXISTS (SELECT FROM runback.key_changes k WHERE k.run = ${run} AND k.ord = ${ord})`;
  const journal = "INSERT INTO runback.journal (run, layout, ord, key, before, after)";
  const entry = (key: string, before: string, after: string) =>
    `SELECT ${run}, ${layout}, ${ord}, ${key}, ${before}, ${after}`;
  const gone = entry(keyText(older, table), image(older, columns), "NULL::bytea");
  const come = entry(keyText(newer, table), "NULL::text[]", liveDigest(newer, columns));
  return `
CREATE OR REPLACE FUNCTION runback.${id(`capture_${layout}`)}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
  ${captureClauses} AS $capture$
DECLARE
  ${run} integer := runback.current_run();
  ${ord} bigint := nullif(current_setting('runback.at_' || pg_trigger_depth(), true), '')::bigint;
BEGIN
  IF TG_OP = 'INSERT' THEN
    ${journal} ${come} FROM runback_new ${newer};
  ELSIF TG_OP = 'UPDATE' THEN
    ${journal} ${entry(keyText(older, table), image(older, columns), liveDigest(newer, columns))}
    FROM runback_old ${older} JOIN runback_new ${newer} ON ${pair} WHERE ${older} *<> ${newer};
    IF ${keysMayChange} THEN
      ${journal}
      ${gone} FROM runback_old ${older} WHERE NOT EXISTS (SELECT FROM runback_new ${newer} WHERE ${pair})
      UNION ALL
      ${come} FROM runback_new ${newer} WHERE NOT EXISTS (SELECT FROM runback_old ${older} WHERE ${pair});
    END IF;
  ELSIF TG_OP = 'DELETE' THEN
    ${journal} ${gone} FROM runback_old ${older};
  ELSIF TG_OP = 'TRUNCATE' THEN
    -- Of this relation alone: a partitioned table's TRUNCATE fires the trigger of each partition.
    EXECUTE format($truncate$
      ${journal}
      SELECT $1, ${layout}, $2, ${keyText(older, table)}, ${image(older, columns)}, NULL::bytea FROM ONLY %s ${older} $truncate$, TG_RELID::regclass)
    USING ${run}, nextval('runback.statement_order');
  END IF;
  RETURN NULL;
END $capture$;
CREATE OR REPLACE FUNCTION runback.${id(`key_change_${layout}`)}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
  ${captureClauses} AS $capture$
BEGIN
  INSERT INTO runback.key_changes (run, layout, ord, old_key, new_key)
  SELECT runback.current_run(), ${layout}, current_setting('runback.at_' || pg_trigger_depth(), true)::bigint, a, b
  FROM (SELECT ${keyText("OLD", table)} AS a, ${keyText("NEW", table)} AS b) keys WHERE a <> b;
  RETURN NULL;
END $capture$;`;
}

// A trigger does nothing, and calls nothing, unless the session names a run. Conditions are parsed under the path of
// whoever enrols: a function of that name in a user's schema must not be able to switch the journal off.
const whenRun = "coalesce(pg_catalog.current_setting('runback.run_id', true), '') OPERATOR(pg_catalog.<>) ''";

/** The triggers of a table, or of one of its partitions: rows written to a partition directly fire only its own. */
export function captureTriggers(layout: number, table: Table, ref: TableRef): string {
  const on = tableName(ref);
  const operators = keyOperators(table);
  const capture = `EXECUTE FUNCTION runback.${id(`capture_${layout}`)}()`;
  const triggers = [
    `runback_mark BEFORE INSERT OR UPDATE OR DELETE ON ${on}
       FOR EACH STATEMENT WHEN (${whenRun}) EXECUTE FUNCTION runback.mark_statement()`,
    `runback_capture_insert AFTER INSERT ON ${on} REFERENCING NEW TABLE AS runback_new
       FOR EACH STATEMENT WHEN (${whenRun}) ${capture}`,
    `runback_capture_update AFTER UPDATE ON ${on} REFERENCING OLD TABLE AS runback_old NEW TABLE AS runback_new
       FOR EACH STATEMENT WHEN (${whenRun}) ${capture}`,
    `runback_capture_delete AFTER DELETE ON ${on} REFERENCING OLD TABLE AS runback_old
       FOR EACH STATEMENT WHEN (${whenRun}) ${capture}`,
    `runback_capture_truncate BEFORE TRUNCATE ON ${on}
       FOR EACH STATEMENT WHEN (${whenRun}) ${capture}`,
  ];
  // A partition gets the root's row trigger from the database itself.
  if (ref === table) {
    triggers.push(`runback_key_change AFTER UPDATE ON ${on}
       FOR EACH ROW WHEN (${whenRun} AND (${keyColumns(table)
         .map((column, index) => changed(column, operators[index]!))
         .join(" OR ")}))
       EXECUTE FUNCTION runback.${id(`key_change_${layout}`)}()`);
  }
  // ALWAYS: a session that replicates (session_replication_role) is a writer like any other once it names a run.
  return triggers
    .map((trigger) => {
      const name = trigger.slice(0, trigger.indexOf(" "));
      return `CREATE OR REPLACE TRIGGER ${trigger};\nALTER TABLE ${on} ENABLE ALWAYS TRIGGER ${name};`;
    })
    .join("\n");
}

/** Compares bytes where the type's equality does not. */
function changed({ name, exactEquality }: Column, operator: string): string {
  return exactEquality
    ? `NOT (OLD.${id(name)} ${operator} NEW.${id(name)})`
    : `pg_catalog.record_image_ne(ROW(OLD.${id(name)}), ROW(NEW.${id(name)}))`;
}
