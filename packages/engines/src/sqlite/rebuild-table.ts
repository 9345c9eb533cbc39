import { type Connection, RunbackError, type Table } from "@runback/core";
import { columnNotRedefined } from "../shared/column-refusals.ts";
import { withNullability } from "./column-text.ts";
import { id, table as tableName } from "./dialect.ts";
import { keyColumns, liveValues, matchesKey, sameValues } from "./row-image.ts";

/**
 * Makes a table anew with NOT NULL on a column, or without it: the procedure of SQLite's own documentation ("Making Other
 * Kinds Of Table Schema Changes"), in a transaction whose session began without foreign keys. Rows come over with their
 * rowids, and are compared one by one; indexes, triggers, AUTOINCREMENT positions and what ANALYZE found are put back.
 *
 * @throws `COLUMN_NOT_REDEFINED` when anything but the column's NULLs differs afterwards; the transaction is lost then
 */
export async function rebuildTable(tx: Connection, table: Table, column: string, nullable: boolean): Promise<void> {
  const made = id(`runback_rebuild_${table.name}`);
  const on = tableName(table);
  const before = await describe(tx, table.name);
  const text = withNullability(before.sql, column, nullable, made);
  if (text === null) throw columnNotRedefined(table, column, "the table's text cannot be taken apart");
  const objects = await objectsOf(tx, table.name);
  const kept = await besides(tx, table.name);
  const counts = await rowCounts(tx, table.name);
  // Rows that were there before a CHECK are rows too.
  await tx.script("PRAGMA ignore_check_constraints = 1");
  try {
    await tx.script(text);
    await copy(tx, table, made);
    await assertCopied(tx, table, column, made);
    await tx.script(`DROP TABLE ${on}`);
    // As it was before 3.25: nothing else is to follow this rename, since everything else means the old name.
    await tx.script(
      `PRAGMA legacy_alter_table = 1; ALTER TABLE ${made} RENAME TO ${on}; PRAGMA legacy_alter_table = 0`,
    );
    for (const { sql } of objects) await tx.script(sql);
    await putBack(tx, table.name, kept);
  } catch (error) {
    if (error instanceof RunbackError) throw error;
    throw columnNotRedefined(table, column, `SQLite refuses the rebuild (${(error as Error).message})`, error);
  } finally {
    await tx.script("PRAGMA legacy_alter_table = 0; PRAGMA ignore_check_constraints = 0").catch(() => {});
  }
  const after = await describe(tx, table.name);
  const same =
    after.columns ===
      before.columns.replace(new RegExp(`^(${pattern(column)}\t.*\t)[01]$`, "m"), `$1${nullable ? 0 : 1}`) &&
    after.kind === before.kind &&
    JSON.stringify(await objectsOf(tx, table.name)) === JSON.stringify(objects) &&
    JSON.stringify(await besides(tx, table.name)) === JSON.stringify(kept) &&
    JSON.stringify(await rowCounts(tx, table.name)) === JSON.stringify(counts);
  if (!same) throw columnNotRedefined(table, column, "the rebuilt table is not the same but for this column");
}

const pattern = (name: string) => name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&").replace(/\n/g, " ");

interface Description {
  readonly sql: string;
  /** One line a column, `notnull` last. */
  readonly columns: string;
  /** WITHOUT ROWID, STRICT. */
  readonly kind: string;
}

async function describe(tx: Connection, name: string): Promise<Description> {
  const text = await tx.query<{ sql: string }>("SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = $1", [
    name,
  ]);
  const columns = await tx.query<{ line: string }>(
    `SELECT replace(name, char(10), ' ') || char(9) || quote(type) || quote(dflt_value) || pk || hidden || char(9) || "notnull" AS line
     FROM pragma_table_xinfo($1) ORDER BY cid`,
    [name],
  );
  const kind = await tx.query<{ kind: string }>(
    "SELECT wr || ',' || strict AS kind FROM pragma_table_list WHERE schema = 'main' AND name = $1",
    [name],
  );
  return {
    sql: text.rows[0]!.sql,
    columns: columns.rows.map(({ line }) => line).join("\n"),
    kind: kind.rows[0]!.kind,
  };
}

/** Indexes and triggers with texts of their own, in the order they were made: triggers are called in reverse of it. */
async function objectsOf(
  tx: Connection,
  name: string,
): Promise<readonly { type: string; name: string; sql: string }[]> {
  const { rows } = await tx.query<{ type: string; name: string; sql: string }>(
    "SELECT type, name, sql FROM sqlite_schema WHERE lower(tbl_name) = lower($1) AND type IN ('index', 'trigger') AND sql IS NOT NULL ORDER BY type, rowid",
    [name],
  );
  return rows;
}

interface Besides {
  readonly position: string | null;
  readonly statistics: readonly { idx: string | null; stat: string }[];
}

/** What the name carries in other tables: the AUTOINCREMENT position, statistics. */
async function besides(tx: Connection, name: string): Promise<Besides> {
  const has = async (table: string) =>
    (await tx.query("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = $1", [table])).count > 0;
  const position = (await has("sqlite_sequence"))
    ? await tx.query<{ seq: string }>("SELECT CAST(seq AS TEXT) AS seq FROM sqlite_sequence WHERE name = $1", [name])
    : { rows: [] };
  const statistics = (await has("sqlite_stat1"))
    ? await tx.query<{ idx: string | null; stat: string }>(
        "SELECT idx, stat FROM sqlite_stat1 WHERE tbl = $1 ORDER BY idx",
        [name],
      )
    : { rows: [] };
  return { position: position.rows[0]?.seq ?? null, statistics: statistics.rows };
}

async function putBack(tx: Connection, name: string, { position, statistics }: Besides): Promise<void> {
  if (position !== null) {
    await tx.query("DELETE FROM sqlite_sequence WHERE name = $1", [name]);
    await tx.query("INSERT INTO sqlite_sequence (name, seq) VALUES ($1, CAST($2 AS INTEGER))", [name, position]);
  }
  for (const { idx, stat } of statistics)
    await tx.query("INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES ($1, $2, $3)", [name, idx, stat]);
}

/** Rows of the table and of every table that refers to it, and what leads nowhere in the whole file. */
async function rowCounts(tx: Connection, name: string): Promise<readonly unknown[]> {
  const { rows } = await tx.query<{ name: string }>(
    `SELECT DISTINCT l.name FROM pragma_table_list l, pragma_foreign_key_list(l.name) f
     WHERE l.schema = 'main' AND l.type = 'table' AND lower(f."table") = lower($1) ORDER BY l.name`,
    [name],
  );
  const counts: unknown[] = [];
  for (const each of [name, ...rows.map((row) => row.name)])
    counts.push((await tx.query(`SELECT count(*) AS n FROM ${id(each)}`)).rows[0]);
  const dangling = await tx.query(
    'SELECT "table", count(*) AS n FROM pragma_foreign_key_check GROUP BY "table" ORDER BY "table"',
  );
  return [...counts, ...dangling.rows];
}

/** A name by which the rowid can be asked for, where rows are known by one. */
async function rowidOf(tx: Connection, name: string): Promise<string | null> {
  const { rows } = await tx.query<{ wr: number }>(
    "SELECT wr FROM pragma_table_list WHERE schema = 'main' AND name = $1",
    [name],
  );
  if (rows[0]!.wr === 1) return null;
  const columns = await tx.query<{ name: string }>("SELECT lower(name) AS name FROM pragma_table_xinfo($1)", [name]);
  return ["rowid", "_rowid_", "oid"].find((each) => !columns.rows.some((row) => row.name === each)) ?? null;
}

async function copy(tx: Connection, table: Table, made: string): Promise<void> {
  const own = table.columns.filter(({ generated }) => !generated).map(({ name }) => id(name));
  const rowid = await rowidOf(tx, table.name);
  const alias = table.columns.some(({ name }) => name === rowid);
  const list = [...(rowid === null || alias ? [] : [rowid]), ...own].join(", ");
  await tx.query(`INSERT OR ABORT INTO ${made} (${list}) SELECT ${list} FROM ${tableName(table)}`);
}

async function assertCopied(tx: Connection, table: Table, column: string, made: string): Promise<void> {
  const rowid = await rowidOf(tx, table.name);
  const same = sameValues(liveValues("o", table.columns), liveValues("n", table.columns));
  const joined =
    rowid === null ? matchesKey("n", liveValues("o", keyColumns(table)), table) : `n.${rowid} = o.${rowid}`;
  const { rows } = await tx.query<{ old: number; made: number; same: number }>(
    `SELECT (SELECT count(*) FROM ${tableName(table)}) AS old, (SELECT count(*) FROM ${made}) AS made,
       (SELECT count(*) FROM ${tableName(table)} o JOIN ${made} n ON ${joined} WHERE ${same}) AS same`,
  );
  const { old, made: copied, same: equal } = rows[0]!;
  if (old !== copied || old !== equal)
    throw columnNotRedefined(table, column, `${equal} of ${old} rows came over as they were`);
}
