import type { Connection, SnapshotSchema, SnapshotTable } from "@runback/core";
import { id } from "../dialect.ts";
import { refuseUnsupported, unsupported } from "./find-unsupported.ts";
import { fingerprint } from "./fingerprint.ts";
import { ofUsers } from "./of-users.ts";
import { countOrphans } from "./orphans.ts";
import { readPrograms } from "./read-programs.ts";
import type { MysqlObjects, SequenceObject, TableObject } from "./schema-object.ts";
import { tableParts, withoutPosition } from "./table-text.ts";

export const family = "mysql";

/** How rows are spelled: see `RowWriter`. */
export const encoding = "mysql-values";

export interface MysqlSchema extends SnapshotSchema {
  readonly objects: MysqlObjects;
}

/**
 * Reads the whole schema of users. Each table is touched first, so that none is altered or dropped before this transaction ends.
 * @param leaveOutBroken views whose tables are gone are left out instead of refused: a target that somebody dropped tables of must
 * not be kept from being restored by them
 * @throws `SNAPSHOT_UNSUPPORTED`, `SNAPSHOT_ROWS_HIDDEN`
 */
export async function describeSchema(tx: Connection, leaveOutBroken = false): Promise<MysqlSchema> {
  const tables = await userTables(tx, "BASE TABLE");
  for (const { name } of tables) await tx.query(`SELECT 1 FROM ${id(name)} LIMIT 0`);
  const database = await readDatabase(tx);
  await refuseUnsupported(tx, await hasOwnTables(tx), await readPrograms(tx), database.collation);
  const whole = await readObjects(tx);
  const broken = await brokenViews(tx, whole);
  if (broken.length > 0 && !leaveOutBroken) throw unsupported(broken.map((name) => `view that is broken: ${name}`));
  const objects = {
    ...whole,
    programs: whole.programs.filter(({ kind, name }) => kind !== "view" || !broken.includes(name)),
  };
  refuseDangling(objects);
  const counted: TableObject[] = [];
  for (const table of objects.tables) counted.push({ ...table, keys: await countOrphans(tx, table.name, table.keys) });
  return {
    family,
    fingerprint: fingerprint(objects),
    tables: await readRowTables(tx, tables),
    extensions: [],
    roles: [...new Set(objects.programs.map(({ definer }) => definer))].sort(),
    objects: { ...objects, tables: counted },
  };
}

/** Views that name what is not there, or what their definers may not use: nobody can read them, nor make them anew. */
export async function brokenViews(tx: Connection, { programs }: MysqlObjects): Promise<string[]> {
  const broken: string[] = [];
  for (const { kind, name } of programs) {
    if (kind !== "view") continue;
    await tx.query(`SELECT 1 FROM ${id(name)} LIMIT 0`).catch((error: { errno?: number }) => {
      if (![1356, 1146, 1054, 1305].includes(error.errno ?? 0)) throw error;
      broken.push(name);
    });
  }
  return broken;
}

/** The server makes no table whose default counts in a sequence that is gone. */
function refuseDangling({ tables, sequences }: MysqlObjects): void {
  const known = new Set(sequences.map(({ name }) => id(name)));
  const dangling = tables.filter(({ sql }) =>
    [...sql.matchAll(/ DEFAULT nextval\((`(?:[^`]|``)+`)\)/g)].some((match) => !known.has(match[1]!)),
  );
  if (dangling.length > 0) throw unsupported(dangling.map(({ name }) => `table whose sequence is missing: ${name}`));
}

/** Definitions alone, for comparing; orphans are not counted. */
export async function readObjects(tx: Connection): Promise<MysqlObjects> {
  const tables: TableObject[] = [];
  const { rows } = await tx.query<{ name: string }>("SELECT database() AS name");
  for (const { name } of await userTables(tx, "BASE TABLE")) tables.push(await readTable(tx, name, rows[0]!.name));
  const programs = (await readPrograms(tx)).map(({ databaseCollation: _, ...program }) => program);
  return { tables, sequences: await readSequences(tx), programs, database: await readDatabase(tx) };
}

async function readTable(tx: Connection, name: string, database: string): Promise<TableObject> {
  const { rows } = await tx.query<{ "Create Table": string }>(`SHOW CREATE TABLE ${id(name)}`);
  const { sql, autoIncrement } = withoutPosition(withoutDatabase(rows[0]!["Create Table"], database));
  return { name, sql, autoIncrement, keys: tableParts(name, sql).keys.map((key) => ({ ...key, orphans: 0 })) };
}

/** A default from a sequence is spelled with the database's name: a copy would count in the original's. */
function withoutDatabase(sql: string, database: string): string {
  return sql.replaceAll(` DEFAULT nextval(${id(database)}.`, " DEFAULT nextval(");
}

/** `next` is the first value that is not in the server's cache: values between are lost when it restarts, too. */
async function readSequences(tx: Connection): Promise<SequenceObject[]> {
  const found: SequenceObject[] = [];
  for (const { name } of await userTables(tx, "SEQUENCE")) {
    const shown = await tx.query<{ "Create Table": string }>(`SHOW CREATE SEQUENCE ${id(name)}`);
    const { rows } = await tx.query<{ next: string; round: string }>(
      `SELECT CAST(next_not_cached_value AS char) AS next, CAST(cycle_count AS char) AS round FROM ${id(name)}`,
    );
    found.push({ name, sql: shown.rows[0]!["Create Table"], ...rows[0]! });
  }
  return found;
}

async function readDatabase(tx: Connection): Promise<MysqlObjects["database"]> {
  const { rows } = await tx.query<MysqlObjects["database"]>(
    `SELECT default_character_set_name AS charset, default_collation_name AS collation
     FROM information_schema.schemata WHERE schema_name = database()`,
  );
  return rows[0]!;
}

export async function hasOwnTables(tx: Connection): Promise<boolean> {
  const { count } = await tx.query(
    "SELECT 1 FROM information_schema.tables WHERE table_schema = database() AND table_name = 'runback_audit_heads'",
  );
  return count > 0;
}

/** Tables or sequences of users, the largest first. */
export async function userTables(tx: Connection, type: "BASE TABLE" | "SEQUENCE"): Promise<{ name: string }[]> {
  const { rows } = await tx.query<{ name: string }>(
    `SELECT table_name AS name FROM information_schema.tables WHERE table_schema = database() AND table_type = $1
       AND ${ofUsers("table_name")} ORDER BY coalesce(data_length, 0) DESC, BINARY table_name`,
    [type],
  );
  return rows;
}

async function readRowTables(tx: Connection, tables: readonly { readonly name: string }[]): Promise<SnapshotTable[]> {
  const { rows } = await tx.query<{ tbl: string; name: string }>(
    `SELECT table_name AS tbl, column_name AS name FROM information_schema.columns WHERE table_schema = database()
       AND coalesce(generation_expression, '') = '' AND ${ofUsers("table_name")} ORDER BY table_name, ordinal_position`,
  );
  const columns = Map.groupBy(rows, (row) => row.tbl);
  return tables.map(({ name }) => ({
    ...{ schema: "public", name, encoding },
    columns: (columns.get(name) ?? []).map((column) => column.name),
  }));
}
