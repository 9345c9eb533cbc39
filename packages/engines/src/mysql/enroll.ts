import { type Connection, type EnrollingRun, qualifiedName, RunbackError, type Table } from "@runback/core";
import { captureEvents, captureTrigger } from "./capture.ts";
import { id } from "./dialect.ts";
import { readCatalog } from "./read-catalog.ts";
import { imageColumns, keyColumns } from "./row-image.ts";
import { currentLayouts, fingerprints } from "./table-shapes.ts";

/**
 * Installs the capture triggers of tables, or renews them where the table changed since. Tables that are enrolled as they
 * stand cost three queries. Triggers are DDL: they commit what came before them in this transaction.
 *
 * @throws `TABLE_WITHOUT_KEY`, `CASCADE_UNSEEN`, `TABLE_NOT_TRANSACTIONAL`
 */
export async function enroll(tx: Connection, tables: readonly Table[], { updates }: EnrollingRun = {}): Promise<void> {
  for (const table of tables) refuseUnkeyed(table);
  await refuseCascades(tx, tables, updates);
  await noteChanges(tx, tables, updates !== undefined);
  if ((await notEnrolled(tx, tables)).length === 0) return;
  await refuseOtherEngines(tx, tables);
  await lockEnrolment(tx);
  for (const table of await notEnrolled(tx, tables)) await install(tx, table);
}

/** Two processes that enroll or alter at once: the second waits here until the session's work ends, then finds it done. */
export async function lockEnrolment(tx: Connection): Promise<void> {
  await tx.query("SELECT GET_LOCK(concat('runback:enroll:', md5(database())), 600) + 0e0 AS got");
}

async function notEnrolled(tx: Connection, tables: readonly Table[]): Promise<Table[]> {
  const layouts = (await currentLayouts(tx)).filter((layout) => tables.some((table) => table.name === layout.name));
  const now = await fingerprints(tx, layouts);
  return tables.filter(
    (table) => !layouts.some((layout) => layout.name === table.name && layout.fingerprint === now.get(table.name)),
  );
}

function refuseUnkeyed(table: Table): void {
  if (table.primaryKey.length > 0 && table.schema === "public") return;
  throw new RunbackError(
    "TABLE_WITHOUT_KEY",
    `Table ${qualifiedName(table)} has no primary key, so its rows cannot be told apart.`,
    { recovery: "Nothing was changed. Add a primary key, or leave the table out of the migration." },
  );
}

/**
 * Tables that a run may insert into or delete from are watched for foreign keys from then on, at every renewal; tables of
 * which only values are changed are not, as long as no other run enrolls them.
 */
async function noteChanges(tx: Connection, tables: readonly Table[], valuesOnly: boolean): Promise<void> {
  const names = tables.map((table) => table.name);
  if (names.length === 0) return;
  const list = names.map((_, at) => `$${at + 1}`).join(", ");
  if (!valuesOnly) {
    await tx.query(`DELETE FROM runback_values_only WHERE table_name IN (${list})`, names);
    return;
  }
  const known = (await currentLayouts(tx)).map((layout) => layout.name);
  for (const name of names.filter((each) => !known.includes(each)))
    await tx.query("INSERT IGNORE INTO runback_values_only (table_name) VALUES ($1)", [name]);
}

/**
 * What a foreign key's action changes, no trigger sees: such a change could not be taken back, so it must not happen.
 *
 * @param updates the only columns that are changed, and nothing is inserted or deleted
 */
async function refuseCascades(tx: Connection, tables: readonly Table[], updates?: readonly string[]): Promise<void> {
  const list = tables.map((_, at) => `$${at + 1}`).join(", ");
  if (list === "") return;
  const acts = (rule: string) => `r.${rule} NOT IN ('RESTRICT', 'NO ACTION')`;
  const columns = updates?.map((_, at) => `$${tables.length + at + 1}`).join(", ");
  const follows = `${acts("update_rule")} AND r.referenced_table_name IN (${list}) AND EXISTS (
    SELECT 1 FROM information_schema.key_column_usage k WHERE k.constraint_schema = r.constraint_schema AND k.table_name = r.table_name
      AND k.constraint_name = r.constraint_name AND k.referenced_column_name IN (${columns}))`;
  if (columns === "") return;
  const acting =
    columns === undefined
      ? `(${acts("delete_rule")} OR ${acts("update_rule")}) AND (r.table_name IN (${list}) OR r.referenced_table_name IN (${list}))`
      : follows;
  const { rows } = await tx.query<{
    child: string;
    name: string;
    parent: string;
    on_delete: string;
    on_update: string;
  }>(
    `SELECT r.table_name AS child, r.constraint_name AS name, r.referenced_table_name AS parent,
       r.delete_rule AS on_delete, r.update_rule AS on_update
     FROM information_schema.referential_constraints r
     WHERE r.constraint_schema = database() AND ${acting}
     ORDER BY r.table_name, r.constraint_name`,
    [...tables.map((table) => table.name), ...(updates ?? [])],
  );
  if (rows.length === 0) return;
  const said = rows.map(
    (row) =>
      `${row.child}.${row.name} (references ${row.parent}, ON DELETE ${row.on_delete} ON UPDATE ${row.on_update})`,
  );
  const first = rows[0]!;
  throw new RunbackError(
    "CASCADE_UNSEEN",
    `Foreign keys change rows without firing triggers on this server: ${said.join(", ")}.`,
    {
      recovery: `Nothing was changed. Make them RESTRICT and delete children before parents (ALTER TABLE ${id(first.child)} DROP FOREIGN KEY ${id(first.name)}, then add it again), or leave these tables out.`,
      details: { foreignKeys: said },
    },
  );
}

/** A change that a rollback of the transaction leaves in place would be one without an image. */
async function refuseOtherEngines(tx: Connection, tables: readonly Table[]): Promise<void> {
  const list = tables.map((_, at) => `$${at + 1}`).join(", ");
  const { rows } = await tx.query<{ name: string; engine: string }>(
    `SELECT table_name AS name, engine AS engine FROM information_schema.tables
     WHERE table_schema = database() AND table_name IN (${list}) AND engine <> 'InnoDB'`,
    tables.map((table) => table.name),
  );
  if (rows.length === 0) return;
  throw new RunbackError(
    "TABLE_NOT_TRANSACTIONAL",
    `Tables without transactions: ${rows.map((row) => `${row.name} (${row.engine})`).join(", ")}.`,
    { recovery: "Nothing was changed. Convert them (ALTER TABLE … ENGINE = InnoDB), or leave them out." },
  );
}

/**
 * The new triggers come before the old ones go: between the two a writer is captured twice, which a plan refuses, and
 * never not at all.
 */
async function install(tx: Connection, table: Table): Promise<void> {
  const old = (await currentLayouts(tx)).filter((layout) => layout.name === table.name);
  const leftover = await tx.query<{ name: string }>(
    `SELECT trigger_name AS name FROM information_schema.triggers
     WHERE event_object_schema = database() AND event_object_table = $1
       AND trigger_name REGEXP '^runback_(insert|update|delete)_[0-9]+$'`,
    [table.name],
  );
  await tx.query(
    `INSERT INTO runback_layouts (table_name, columns, key_columns, fingerprint, current, enrolled_at)
     VALUES ($1, $2, $3, '', false, utc_timestamp(6))`,
    [table.name, JSON.stringify(imageColumns(table)), JSON.stringify(keyColumns(table).map((column) => column.name))],
  );
  const { rows } = await tx.query<{ num: number }>("SELECT last_insert_id() + 0e0 AS num");
  const num = Number(rows[0]!.num);
  for (const event of captureEvents) await tx.query(captureTrigger(event, num, table));
  for (const { name } of leftover.rows) await tx.query(`DROP TRIGGER IF EXISTS ${id(name)}`);
  const shape = (await fingerprints(tx, [{ num, name: table.name, fingerprint: "" }])).get(table.name)!;
  for (const layout of old) await tx.query("UPDATE runback_layouts SET current = false WHERE num = $1", [layout.num]);
  await tx.query("UPDATE runback_layouts SET current = true, fingerprint = $2 WHERE num = $1", [num, shape]);
}

/**
 * Names the run for this transaction, and makes sure that what it may change is captured as it is now: a table altered
 * since enrolment is enrolled again before the first write.
 */
export async function beginJournal(tx: Connection, runId: string): Promise<void> {
  await renew(tx);
  // Last: DDL above commits, and nothing of this transaction may be written before the run is named.
  await tx.query("SET @runback_run_id = $1", [runId]);
}

/** Enrols again what was altered since. */
export async function renew(tx: Connection): Promise<void> {
  const layouts = await currentLayouts(tx);
  const now = await fingerprints(tx, layouts);
  const stale = layouts.filter((layout) => layout.fingerprint !== now.get(layout.name));
  if (stale.length === 0) return;
  const catalog = await readCatalog(tx);
  await enrollAgain(
    tx,
    catalog.tables.filter((table) => stale.some((layout) => layout.name === table.name)),
  );
}

/** Renews the capture of tables that are enrolled, for the runs that enrolled them. @throws as `enroll` */
export async function enrollAgain(tx: Connection, tables: readonly Table[]): Promise<void> {
  const { rows } = await tx.query<{ name: string }>("SELECT table_name AS name FROM runback_values_only");
  const valuesOnly = (table: Table) => rows.some(({ name }) => name === table.name);
  await enroll(
    tx,
    tables.filter((table) => !valuesOnly(table)),
  );
  await enroll(tx, tables.filter(valuesOnly), { updates: [] });
}
