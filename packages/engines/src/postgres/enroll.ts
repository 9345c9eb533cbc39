import { type Connection, qualifiedName, RunbackError, type Table, type TableRef } from "@runback/core";
import { id, table as tableName } from "./dialect.ts";
import { readCatalog } from "./read-catalog.ts";
import { image, imageColumns, keyColumns, keyText, liveDigest } from "./row-image.ts";
import { exactTextClauses } from "./session.ts";

/**
 * Installs the capture triggers of tables, or refreshes them where the table changed since. One query decides; tables
 * that are enrolled as they stand cost nothing more.
 */
export async function enroll(tx: Connection, tables: readonly Table[]): Promise<void> {
  for (const table of tables) refuseWithoutKey(table);
  if ((await notEnrolled(tx, tables)).length === 0) return;
  // Two processes that enroll at once: the second waits here, then finds the work done.
  await tx.query("SELECT pg_advisory_xact_lock($1::bigint)", [String(enrollLock)]);
  for (const table of await notEnrolled(tx, tables)) await install(tx, table);
}

const enrollLock = 8_203_117_446;

async function notEnrolled(tx: Connection, tables: readonly Table[]): Promise<Table[]> {
  const current = await tx.query<{ schema: string; name: string }>(
    `SELECT n.nspname::text AS schema, c.relname::text AS name
     FROM runback.layouts l JOIN pg_class c ON c.oid = l.relation JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE l.current AND l.fingerprint = runback.shape(l.relation) AND EXISTS (
       SELECT FROM pg_trigger g
       WHERE g.tgrelid = c.oid AND g.tgname = 'runback_capture_insert' AND g.tgenabled <> 'D')`,
  );
  return tables.filter((table) => !current.rows.some((row) => row.schema === table.schema && row.name === table.name));
}

function refuseWithoutKey(table: Table): void {
  if (table.primaryKey.length > 0) return;
  throw new RunbackError(
    "TABLE_WITHOUT_KEY",
    `Table ${qualifiedName(table)} has no primary key, so its rows cannot be told apart.`,
    {
      recovery: "Nothing was changed. Add a primary key, or leave the table out of the migration.",
    },
  );
}

async function install(tx: Connection, table: Table): Promise<void> {
  await tx.query("UPDATE runback.layouts SET current = false WHERE relation = $1::regclass AND current", [
    tableName(table),
  ]);
  const layout = await tx.query<{ num: number }>(
    `INSERT INTO runback.layouts (relation, schema_name, table_name, columns, fingerprint, current)
     VALUES ($1::regclass, $2, $3, $4::jsonb, runback.shape($1::regclass), true) RETURNING num`,
    [tableName(table), table.schema, table.name, JSON.stringify(imageColumns(table))],
  );
  const num = layout.rows[0]!.num;
  await tx.script(captureFunction(num, table));
  for (const ref of [table, ...table.partitions]) await tx.script(captureTriggers(num, table, ref));
}

/**
 * Joins the two transition tables by primary key; a row whose key changed is left on both sides and pairs by key_changes.
 * The aliases are names no user's column has: an alias that is also a column would mean the column.
 */
function captureFunction(layout: number, table: Table): string {
  const columns = imageColumns(table);
  const key = keyColumns(table).map((column) => id(column.name));
  const samePair = key.map((name) => `_old.${name} = _new.${name}`).join(" AND ");
  // Moving a row between partitions is a deletion and an insertion to row triggers, so there the pairing itself must tell.
  const keysMayChange =
    table.partitions.length > 0
      ? "true"
      : "EXISTS (SELECT FROM runback.key_changes k WHERE k.run = _runback_run AND k.ord = _runback_ord)";
  const journal = "INSERT INTO runback.journal (run, layout, ord, key, before, after)";
  return `
CREATE OR REPLACE FUNCTION runback.${id(`capture_${layout}`)}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
  ${exactTextClauses} AS $capture$
DECLARE
  _runback_run integer := runback.current_run();
  _runback_ord bigint := nullif(current_setting('runback.at_' || pg_trigger_depth(), true), '')::bigint;
BEGIN
  IF TG_OP = 'INSERT' THEN
    ${journal}
    SELECT _runback_run, ${layout}, _runback_ord, ${keyText("_new", table)}, NULL, ${liveDigest("_new", columns)} FROM runback_new _new;
  ELSIF TG_OP = 'UPDATE' THEN
    ${journal}
    SELECT _runback_run, ${layout}, _runback_ord, ${keyText("_old", table)}, ${image("_old", columns)}, ${liveDigest("_new", columns)}
    FROM runback_old _old JOIN runback_new _new ON ${samePair} WHERE _old *<> _new;
    IF ${keysMayChange} THEN
      ${journal}
      SELECT _runback_run, ${layout}, _runback_ord, ${keyText("_old", table)}, ${image("_old", columns)}, NULL::bytea
      FROM runback_old _old WHERE NOT EXISTS (SELECT FROM runback_new _new WHERE ${samePair})
      UNION ALL
      SELECT _runback_run, ${layout}, _runback_ord, ${keyText("_new", table)}, NULL, ${liveDigest("_new", columns)}
      FROM runback_new _new WHERE NOT EXISTS (SELECT FROM runback_old _old WHERE ${samePair});
    END IF;
  ELSIF TG_OP = 'DELETE' THEN
    ${journal}
    SELECT _runback_run, ${layout}, _runback_ord, ${keyText("_old", table)}, ${image("_old", columns)}, NULL FROM runback_old _old;
  ELSIF TG_OP = 'TRUNCATE' THEN
    ${journal}
    SELECT _runback_run, ${layout}, nextval('runback.statement_order'), ${keyText("_old", table)}, ${image("_old", columns)}, NULL
    FROM ${tableName(table)} _old;
  END IF;
  RETURN NULL;
END $capture$;
CREATE OR REPLACE FUNCTION runback.${id(`key_change_${layout}`)}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
  ${exactTextClauses} AS $capture$
BEGIN
  INSERT INTO runback.key_changes (run, layout, ord, old_key, new_key)
  VALUES (runback.current_run(), ${layout}, current_setting('runback.at_' || pg_trigger_depth(), true)::bigint,
    ${keyText("OLD", table)}, ${keyText("NEW", table)});
  RETURN NULL;
END $capture$;`;
}

// A trigger does nothing, and calls nothing, unless the session names a run.
const whenRun = "coalesce(current_setting('runback.run_id', true), '') <> ''";

function captureTriggers(layout: number, table: Table, ref: TableRef): string {
  const on = tableName(ref);
  const capture = `EXECUTE FUNCTION runback.${id(`capture_${layout}`)}()`;
  // A partition gets the root's row trigger from the database itself.
  const ownRowTrigger = ref === table;
  const keyChanged = keyColumns(table)
    .map(({ name }) => `OLD.${id(name)} IS DISTINCT FROM NEW.${id(name)}`)
    .join(" OR ");
  return `
CREATE OR REPLACE TRIGGER runback_mark BEFORE INSERT OR UPDATE OR DELETE ON ${on}
  FOR EACH STATEMENT WHEN (${whenRun}) EXECUTE FUNCTION runback.mark_statement();
CREATE OR REPLACE TRIGGER runback_capture_insert AFTER INSERT ON ${on} REFERENCING NEW TABLE AS runback_new
  FOR EACH STATEMENT WHEN (${whenRun}) ${capture};
CREATE OR REPLACE TRIGGER runback_capture_update AFTER UPDATE ON ${on} REFERENCING OLD TABLE AS runback_old NEW TABLE AS runback_new
  FOR EACH STATEMENT WHEN (${whenRun}) ${capture};
CREATE OR REPLACE TRIGGER runback_capture_delete AFTER DELETE ON ${on} REFERENCING OLD TABLE AS runback_old
  FOR EACH STATEMENT WHEN (${whenRun}) ${capture};
CREATE OR REPLACE TRIGGER runback_capture_truncate BEFORE TRUNCATE ON ${on}
  FOR EACH STATEMENT WHEN (${whenRun}) ${capture};
${
  ownRowTrigger
    ? `CREATE OR REPLACE TRIGGER runback_key_change AFTER UPDATE ON ${on}
  FOR EACH ROW WHEN (${whenRun} AND (${keyChanged})) EXECUTE FUNCTION runback.${id(`key_change_${layout}`)}();`
    : ""
}`;
}

/**
 * Names the run for this transaction, and makes sure that what it may change is captured as it is now: a table altered
 * since enrolment is enrolled again before the first write.
 */
export async function beginJournal(tx: Connection, runId: string): Promise<void> {
  const named = await tx.query<{ stale: boolean }>(
    `SELECT set_config('runback.run_id', $1, true), EXISTS (
       SELECT FROM runback.layouts WHERE current AND fingerprint <> runback.shape(relation)
         AND EXISTS (SELECT FROM pg_class WHERE oid = relation)) AS stale`,
    [runId],
  );
  if (named.rows[0]?.stale !== true) return;
  const stale = await tx.query<{ schema: string; name: string }>(
    `SELECT n.nspname::text AS schema, c.relname::text AS name
     FROM runback.layouts l JOIN pg_class c ON c.oid = l.relation JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE l.current AND l.fingerprint <> runback.shape(l.relation)`,
  );
  const catalog = await readCatalog(tx);
  await enroll(
    tx,
    catalog.tables.filter((table) => stale.rows.some((row) => row.schema === table.schema && row.name === table.name)),
  );
}
