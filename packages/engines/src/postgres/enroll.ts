import { type Connection, qualifiedName, RunbackError, sameTable, type Table, type TableRef } from "@runback/core";
import { captureFunctions, captureTriggers } from "./capture.ts";
import { table as tableName } from "./dialect.ts";
import { readCatalog } from "./read-catalog.ts";
import { imageColumns, keyColumns } from "./row-image.ts";

/**
 * Installs the capture triggers of tables, or refreshes them where the table changed since. One query decides; tables
 * that are enrolled as they stand cost nothing more.
 */
export async function enroll(tx: Connection, tables: readonly Table[]): Promise<void> {
  for (const table of tables) refuse(table);
  if ((await notEnrolled(tx, tables)).length === 0) return;
  // Two processes that enroll at once: the second waits here, then finds the work done.
  await tx.query("SELECT 1 FROM pg_advisory_xact_lock($1::bigint)", [String(enrollLock)]);
  for (const table of await notEnrolled(tx, tables)) await install(tx, table);
}

const enrollLock = 8_203_117_446;

async function notEnrolled(tx: Connection, tables: readonly Table[]): Promise<Table[]> {
  const current = await tx.query<TableRef>(
    `SELECT n.nspname::text AS schema, c.relname::text AS name
     FROM runback.layouts l JOIN pg_class c ON c.oid = l.relation JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE l.current AND l.fingerprint = runback.shape(l.relation)`,
  );
  return tables.filter((table) => !current.rows.some((row) => sameTable(row, table)));
}

function refuse(table: Table): void {
  if (table.primaryKey.length === 0) {
    throw new RunbackError(
      "TABLE_WITHOUT_KEY",
      `Table ${qualifiedName(table)} has no primary key, so its rows cannot be told apart.`,
      { recovery: "Nothing was changed. Add a primary key, or leave the table out of the migration." },
    );
  }
  if (table.inherits) {
    throw new RunbackError(
      "TABLE_INHERITS",
      `Table ${qualifiedName(table)} inherits rows with another table, so a statement on one changes the other unseen.`,
      {
        recovery: "Nothing was changed. Use partitions instead of INHERITS, or leave the tables out of the migration.",
      },
    );
  }
}

async function install(tx: Connection, table: Table): Promise<void> {
  await tx.query("UPDATE runback.layouts SET current = false WHERE relation = $1::regclass AND current", [
    tableName(table),
  ]);
  const layout = await tx.query<{ num: number }>(
    `INSERT INTO runback.layouts (relation, schema_name, table_name, columns, key, fingerprint, current)
     VALUES ($1::regclass, $2, $3, $4::jsonb, $5::jsonb, '', true) RETURNING num`,
    [
      tableName(table),
      table.schema,
      table.name,
      JSON.stringify(imageColumns(table)),
      JSON.stringify(keyColumns(table).map((column) => column.number)),
    ],
  );
  const num = layout.rows[0]!.num;
  await tx.script(captureFunctions(num, table));
  for (const ref of [table, ...table.partitions]) await tx.script(captureTriggers(num, table, ref));
  await tx.query("UPDATE runback.layouts SET fingerprint = runback.shape(relation) WHERE num = $1::int", [num]);
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
  if (named.rows[0]?.stale === true) await renew(tx);
}

/** Enrols again what was altered since. */
export async function renew(tx: Connection): Promise<void> {
  const stale = await tx.query<TableRef>(
    `SELECT n.nspname::text AS schema, c.relname::text AS name
     FROM runback.layouts l JOIN pg_class c ON c.oid = l.relation JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE l.current AND l.fingerprint <> runback.shape(l.relation)`,
  );
  if (stale.count === 0) return;
  const catalog = await readCatalog(tx);
  await enroll(
    tx,
    catalog.tables.filter((table) => stale.rows.some((row) => sameTable(row, table))),
  );
}
