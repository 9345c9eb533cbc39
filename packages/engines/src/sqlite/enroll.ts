import { type Connection, qualifiedName, RunbackError, type Table } from "@runback/core";
import { captureKinds, captureTriggers, triggerNames } from "./capture.ts";
import { id, table as tableName } from "./dialect.ts";
import { type LayoutColumn, type LayoutRow, renamed } from "./layout.ts";
import { readCatalog } from "./read-catalog.ts";
import { imageColumns } from "./row-image.ts";
import { nameRun } from "./run-marker.ts";

/** Two journal columns for each of a table's; SQLite allows 2,000. */
const columnsAtMost = 900;

/** What images of a table mean and what captures them: its own text, that of its unique indexes, and Runback's triggers. */
const fingerprintOf = (name: string) => `(SELECT coalesce(group_concat(sql, char(10)), '') FROM (
  SELECT sql FROM sqlite_schema WHERE lower(tbl_name) = lower(${name}) AND sql IS NOT NULL
    AND (type = 'table' OR type = 'index' AND sql LIKE 'CREATE UNIQUE%' OR type = 'trigger' AND substr(name, 1, 8) = 'runback_')
  ORDER BY type, name))`;

/** Installs the capture triggers of tables, or refreshes them where the table changed since. */
export async function enroll(tx: Connection, tables: readonly Table[]): Promise<void> {
  for (const table of tables) await refuse(tx, table);
  await captureFirst(tx);
  const current = await tx.query<{ table_name: string }>(
    `SELECT table_name FROM runback_layouts WHERE current = 1 AND fingerprint = ${fingerprintOf("table_name")}`,
  );
  const enrolled = new Set(current.rows.map((row) => row.table_name));
  for (const table of tables.filter((each) => !enrolled.has(each.name))) await install(tx, table);
}

async function refuse(tx: Connection, table: Table): Promise<void> {
  const refused = (why: string, how: string) =>
    new RunbackError("TABLE_WITHOUT_KEY", `Table ${qualifiedName(table)} ${why}, so its rows cannot be told apart.`, {
      recovery: `Nothing was changed. ${how}, or leave the table out of the migration.`,
    });
  if (table.primaryKey.length === 0) throw refused("has no primary key", "Add a primary key");
  if (table.columns.length > columnsAtMost) {
    throw new RunbackError("MODEL_MISMATCH", `${qualifiedName(table)} has more than ${columnsAtMost} columns.`, {
      recovery:
        "Nothing was changed. SQLite's limits leave no room for a before- and an after-image: leave the table out.",
    });
  }
  const nullable = table.columns.filter((column) => column.nullable && table.primaryKey.includes(column.name));
  if (nullable.length === 0) return;
  const nulls = await tx.query(
    `SELECT 1 FROM ${tableName(table)} WHERE ${nullable.map((column) => `${id(column.name)} IS NULL`).join(" OR ")} LIMIT 1`,
  );
  if (nulls.count > 0) throw refused("has rows with NULL in their primary key", "Give those rows a key");
}

async function install(tx: Connection, table: Table): Promise<void> {
  const previous = await currentLayout(tx, table);
  if (previous) await followRenames(tx, previous);
  await tx.query("UPDATE runback_layouts SET current = 0 WHERE relation = $1", [previous?.relation ?? -1]);
  const columns: LayoutColumn[] = imageColumns(table).map(({ name, type }) => ({ name, type }));
  const added = await tx.query<{ num: number }>(
    `INSERT INTO runback_layouts (relation, table_name, columns, key, fingerprint, current)
     VALUES ($1, $2, $3, $4, '', 1) RETURNING num`,
    [previous?.relation ?? 0, table.name, JSON.stringify(columns), JSON.stringify(table.primaryKey)],
  );
  const num = added.rows[0]!.num;
  const relation = previous?.relation ?? num;
  await widen(tx, columns.length);
  for (const name of triggerNames(relation)) await tx.query(`DROP TRIGGER IF EXISTS ${id(name)}`);
  for (const trigger of captureTriggers(relation, num, table)) await tx.script(trigger);
  await tx.query(
    `UPDATE runback_layouts SET relation = $2, fingerprint = ${fingerprintOf("table_name")} WHERE num = $1`,
    [num, relation],
  );
}

/** The layout a table is enrolled under, whatever the table was called then. */
async function currentLayout(tx: Connection, table: Table): Promise<LayoutRow | undefined> {
  const found = await tx.query<LayoutRow>("SELECT * FROM runback_layouts WHERE current = 1 ORDER BY num DESC");
  let byName: LayoutRow | undefined;
  for (const row of found.rows) {
    const now = await renamed(tx, row.relation);
    if (now?.table === table.name) return row;
    // Without its triggers a table is known by its name alone: one that was rebuilt, as SQLite does most changes.
    if (now === undefined && row.table_name === table.name) byName ??= row;
  }
  return byName;
}

/** Gives the columns of every earlier layout their new names, while the trigger that followed them is still there. */
export async function followRenames(tx: Connection, { relation, columns }: LayoutRow): Promise<void> {
  const now = await renamed(tx, relation);
  if (!now) return;
  const was = (JSON.parse(columns) as LayoutColumn[]).map(({ name }) => name);
  const today = (name: string) => now.columns[was.indexOf(name)] ?? name;
  const layouts = await tx.query<LayoutRow>("SELECT * FROM runback_layouts WHERE relation = $1", [relation]);
  for (const row of layouts.rows) {
    const list = (JSON.parse(row.columns) as LayoutColumn[]).map((each) => ({ ...each, name: today(each.name) }));
    const key = (JSON.parse(row.key) as string[]).map(today);
    await tx.query("UPDATE runback_layouts SET columns = $2, key = $3, table_name = $4 WHERE num = $1", [
      row.num,
      JSON.stringify(list),
      JSON.stringify(key),
      now.table,
    ]);
  }
}

/** Gives the journal as many columns as the widest table needs. Adding a column touches no row. */
async function widen(tx: Connection, columns: number): Promise<void> {
  const found = await tx.query<{ tab: string; n: number }>(
    `SELECT 'journal' AS tab, count(*) AS n FROM pragma_table_info('runback_journal') WHERE name GLOB 'b[0-9]*'
     UNION ALL SELECT 'replaced', count(*) FROM pragma_table_info('runback_replaced') WHERE name GLOB 'b[0-9]*'`,
  );
  for (const { tab, n } of found.rows) {
    for (let at = n; at < columns; at++) {
      await tx.query(`ALTER TABLE runback_${tab} ADD COLUMN b${at}`);
      if (tab === "journal") await tx.query(`ALTER TABLE runback_journal ADD COLUMN a${at}`);
    }
  }
}

/**
 * Names the run for this transaction, and makes sure that what it may change is captured as it is now: a table altered
 * since enrolment is enrolled again before the first write.
 */
export async function beginJournal(tx: Connection, runId: string): Promise<void> {
  await renew(tx);
  await nameRun(tx, runId);
}

/** Enrols again what was altered since. */
export async function renew(tx: Connection): Promise<void> {
  await captureFirst(tx);
  const stale = await tx.query<LayoutRow>(
    `SELECT * FROM runback_layouts WHERE current = 1 AND fingerprint <> ${fingerprintOf("table_name")}`,
  );
  if (stale.count === 0) return;
  const catalog = await readCatalog(tx);
  const names = new Set<string>();
  for (const row of stale.rows) names.add((await renamed(tx, row.relation))?.table ?? row.table_name);
  await enroll(
    tx,
    catalog.tables.filter((table) => names.has(table.name)),
  );
}

/**
 * SQLite calls the trigger that was made last first. One of users' that changes the row again would have its change
 * captured before the one it is called for, and the older of two images would be the younger: so the capture triggers are
 * made again, from their own text, wherever another one came after them.
 */
export async function captureFirst(tx: Connection): Promise<void> {
  const { rows } = await tx.query<{ name: string; sql: string }>(
    `SELECT s.name, s.sql FROM sqlite_schema s
     WHERE s.type = 'trigger' AND ${ofCapture("s.name")} AND EXISTS (SELECT 1 FROM sqlite_schema o
       WHERE o.type = 'trigger' AND o.rowid > s.rowid AND o.tbl_name = s.tbl_name AND NOT ${ofCapture("o.name")})
     ORDER BY s.rowid`,
  );
  for (const { name, sql } of rows) {
    await tx.query(`DROP TRIGGER ${id(name)}`);
    await tx.script(sql);
  }
}

const ofCapture = (name: string) =>
  `(${captureKinds.map((kind) => `${name} GLOB 'runback_${kind}_[0-9]*'`).join(" OR ")})`;

/** Takes the capture triggers away for a change they are in the way of, with what they know written down; whether there were any. */
export async function letGo(tx: Connection, table: Table): Promise<boolean> {
  const layout = await currentLayout(tx, table);
  if (layout === undefined) return false;
  await followRenames(tx, layout);
  for (const name of triggerNames(layout.relation)) await tx.query(`DROP TRIGGER IF EXISTS ${id(name)}`);
  return true;
}
