import { type Connection, type ReshapePort, type ShapeEffect, sha256, type Table } from "@runback/core";
import { columnHasNulls, columnNotRedefined, columnOf } from "../shared/column-refusals.ts";
import { captureEvents, captureName } from "./capture.ts";
import { besidesNullability, withNullability } from "./column-definition.ts";
import { id, table as tableName } from "./dialect.ts";
import { enrollAgain, lockEnrolment } from "./enroll.ts";
import { readCatalog, readColumns } from "./read-catalog.ts";
import { currentLayouts } from "./table-shapes.ts";

/** Every statement commits by itself: each is looked up in the catalog first, so that a crash between two is no obstacle. */
export const reshape: Omit<ReshapePort, "transaction"> = { alter, setNullable };

async function alter(tx: Connection, table: Table, statement: string, effect?: ShapeEffect): Promise<void> {
  const enrolled = (await currentLayouts(tx)).some(({ name }) => name === table.name);
  const loses = effect?.kind === "renamed" || (effect?.kind === "column" && !effect.present);
  if (effect === undefined || !(await holds(tx, table, effect))) {
    // A trigger that names a column which is gone refuses every writer of the table.
    if (loses && enrolled) {
      // Or another process would find the capture triggers missing, and make them again for the columns of before.
      await lockEnrolment(tx);
      await holdJournaled(tx, table);
    }
    try {
      await tx.query(statement);
    } catch (error) {
      // The server goes on with the statement of a process that died: then it was made while this one waited for its turn.
      if (effect === undefined || !(await holds(tx, table, effect))) throw error;
    }
  }
  if (effect?.kind === "renamed") await followRename(tx, table, effect);
  // Renews the capture triggers, and takes away what held journaled writers.
  if (enrolled) await enrollAgain(tx, await asItIs(tx, table));
}

async function asItIs(tx: Connection, { name }: Table): Promise<Table[]> {
  return (await readCatalog(tx)).tables.filter((each) => each.name === name);
}

/**
 * In the place of the capture triggers: refuses who names a run, and lets everybody else write. They are called as the capture
 * triggers of a layout that does not exist, so that the next enrolment, even of another process, takes them away.
 */
async function holdJournaled(tx: Connection, table: Table): Promise<void> {
  for (const event of captureEvents) {
    const name = captureName(event, 0);
    await tx.query(`DROP TRIGGER IF EXISTS ${id(name)}`);
    await tx.query(
      `CREATE TRIGGER ${id(name)} BEFORE ${event.toUpperCase()} ON ${tableName(table)} FOR EACH ROW
BEGIN
  IF coalesce(@runback_run_id, '') <> '' THEN
    SIGNAL SQLSTATE 'RB006' SET MESSAGE_TEXT = 'runback: the table is being altered';
  END IF;
END`,
    );
  }
  const { rows } = await tx.query<{ name: string }>(
    `SELECT trigger_name AS name FROM information_schema.triggers
     WHERE event_object_schema = database() AND event_object_table = $1
       AND trigger_name REGEXP '^runback_(insert|update|delete)_[1-9][0-9]*$'`,
    [table.name],
  );
  for (const { name } of rows) await tx.query(`DROP TRIGGER IF EXISTS ${id(name)}`);
}

/** This server keeps no number of a column that survives a rename: what older images mean is written down under the new name. */
async function followRename(
  tx: Connection,
  table: Table,
  { from, to }: { readonly from: string; readonly to: string },
): Promise<void> {
  const { rows } = await tx.query<{ num: number; columns: string; key_columns: string }>(
    "SELECT num, columns, key_columns FROM runback_layouts WHERE table_name = $1",
    [table.name],
  );
  for (const { num, columns, key_columns } of rows) {
    const named = (JSON.parse(columns) as { name: string }[]).map((column) =>
      column.name === from ? { ...column, name: to } : column,
    );
    const key = (JSON.parse(key_columns) as string[]).map((name) => (name === from ? to : name));
    await tx.query("UPDATE runback_layouts SET columns = $2, key_columns = $3 WHERE num = $1", [
      num,
      JSON.stringify(named),
      JSON.stringify(key),
    ]);
  }
}

async function holds(tx: Connection, table: Table, effect: ShapeEffect): Promise<boolean> {
  if (effect.kind === "index" || effect.kind === "constraint") {
    const [list, name] =
      effect.kind === "index" ? ["statistics", "index_name"] : ["table_constraints", "constraint_name"];
    const found = await tx.query(
      `SELECT 1 FROM information_schema.${list} WHERE table_schema = database() AND table_name = $1 AND ${name} = $2 LIMIT 1`,
      [table.name, effect.name],
    );
    return found.count > 0 === effect.present;
  }
  const columns = await readColumns(tx, table.name);
  const has = (name: string) => columns.some((column) => column.name === name);
  return effect.kind === "renamed" ? has(effect.to) && !has(effect.from) : has(effect.name) === effect.present;
}

/** Repeats the whole column, tried on an empty table of the same definition first: the change itself commits. */
async function setNullable(tx: Connection, table: Table, name: string, nullable: boolean): Promise<void> {
  if (columnOf(table, name).nullable === nullable) return;
  const before = await readDefinition(tx, table.name);
  const own = before.find((line) => line.startsWith(`  ${id(name)} `));
  const definition = own && withNullability(own.slice(id(name).length + 3), nullable);
  if (!definition) throw columnNotRedefined(table, name, "its definition cannot be taken apart");
  const modify = (on: string) => `ALTER TABLE ${on} MODIFY COLUMN ${id(name)} ${definition}`;
  await rehearse(tx, table, name, before, modify);
  try {
    await tx.query(modify(tableName(table)));
  } catch (error) {
    // Invalid use of NULL (MySQL), data truncated (MariaDB): what the server says of a NULL that is in the way.
    if (![1048, 1138, 1265].includes((error as { errno?: number }).errno ?? 0)) throw error;
    const { rows } = await tx.query<{ n: string }>(
      `SELECT count(*) AS n FROM ${tableName(table)} WHERE ${id(name)} IS NULL`,
    );
    const nulls = Number(rows[0]!.n);
    throw nulls > 0 ? columnHasNulls(table, name, nulls) : error;
  }
}

async function rehearse(
  tx: Connection,
  table: Table,
  column: string,
  before: readonly string[],
  modify: (on: string) => string,
): Promise<void> {
  const probe = `runback_probe_${sha256(table.name).slice(0, 16)}`;
  await tx.query(`DROP TABLE IF EXISTS ${id(probe)}`);
  let after: string[];
  try {
    await tx.query(`CREATE TABLE ${id(probe)} LIKE ${tableName(table)}`);
    await tx.query(modify(id(probe)));
    after = await readDefinition(tx, probe);
  } catch (error) {
    throw columnNotRedefined(
      table,
      column,
      `the server refuses the changed definition (${(error as Error).message})`,
      error,
    );
  } finally {
    await tx.query(`DROP TABLE IF EXISTS ${id(probe)}`);
  }
  const rest = (lines: readonly string[]) =>
    lines.map((line) => (line.startsWith(`  ${id(column)} `) ? besidesNullability(line.slice(2)) : line)).sort();
  if (JSON.stringify(rest(after)) !== JSON.stringify(rest(before)))
    throw columnNotRedefined(table, column, "another definition than the one that was wanted comes out");
}

/** Lines of a table's definition but foreign keys, names and positions, which a copy does not have. */
async function readDefinition(tx: Connection, name: string): Promise<string[]> {
  const { rows } = await tx.query<{ "Create Table": string }>(`SHOW CREATE TABLE ${id(name)}`);
  return (
    rows[0]!["Create Table"]
      .split("\n")
      .slice(1)
      .filter((line) => !/^ +CONSTRAINT `(?:[^`]|``)+` FOREIGN KEY /.test(line))
      .map((line) => line.replace(/,$/, "").replace(/^\) .*$/, ")"))
      // MySQL names the checks of a copy anew.
      .map((line) => line.replace(/^( +CONSTRAINT )`(?:[^`]|``)+`( CHECK )/, "$1$2"))
  );
}
