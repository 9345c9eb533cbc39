import type { Catalog, Column, Connection, ForeignKey, ReferentialAction, Table, UniqueIndex } from "@runback/core";
import { id } from "./dialect.ts";
import { splitTerms } from "./split-terms.ts";

/** Tables of the file but Runback's and SQLite's own; virtual tables and what they keep their content in are left out. */
export async function readCatalog(connection: Connection): Promise<Catalog> {
  const tables = (await connection.query<TableRow>(tablesSql)).rows;
  const columns = Map.groupBy((await connection.query<ColumnRow>(columnsSql)).rows, (row) => row.tab);
  const indexes = Map.groupBy((await connection.query<IndexRow>(indexesSql)).rows, (row) => row.tab);
  const keys = Map.groupBy((await connection.query<ForeignKeyRow>(foreignKeysSql)).rows, (row) => row.tab);
  const triggers = Map.groupBy(
    (await connection.query<{ tab: string; name: string }>(triggersSql)).rows,
    (row) => row.tab,
  );
  const primaryKeys = new Map(
    tables.map(({ name }) => [
      name.toLowerCase(),
      (columns.get(name) ?? [])
        .filter((row) => row.pk > 0)
        .sort((a, b) => a.pk - b.pk)
        .map((row) => row.name),
    ]),
  );
  const named = new Map(tables.map(({ name }) => [name.toLowerCase(), name]));
  return {
    tables: tables.map((row): Table => {
      const primaryKey = primaryKeys.get(row.name.toLowerCase())!;
      const unique = toUniqueIndexes(row.name, indexes.get(row.name) ?? []);
      const alias = row.wr === 0 && primaryKey.length === 1 && !unique.some((index) => index.primary);
      return {
        schema: "public",
        name: row.name,
        columns: (columns.get(row.name) ?? []).map((column) => toColumn(column, row, alias)),
        primaryKey,
        foreignKeys: toForeignKeys(row.name, keys.get(row.name) ?? [], named, primaryKeys),
        uniqueIndexes: alias ? [rowidIndex(row.name, primaryKey[0]!), ...unique] : unique,
        inherits: false,
        partitions: [],
        userTriggers: (triggers.get(row.name) ?? []).map(({ name }) => ({ name, mode: "O" })),
      };
    }),
  };
}

interface TableRow {
  name: string;
  wr: number;
  strict: number;
}

const ofUsers = "substr(name, 1, 8) <> 'runback_' AND substr(name, 1, 7) <> 'sqlite_'";

const tablesSql = `SELECT name, wr, strict FROM pragma_table_list
  WHERE schema = 'main' AND type = 'table' AND ${ofUsers} ORDER BY name`;

const userTables = `(SELECT name AS tab FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND ${ofUsers})`;

interface ColumnRow {
  tab: string;
  cid: number;
  name: string;
  type: string;
  notnull: number;
  dflt: string | null;
  pk: number;
  hidden: number;
}

const columnsSql = `SELECT t.tab, c.cid, c.name, c.type, c."notnull" AS "notnull", c.dflt_value AS dflt, c.pk, c.hidden
  FROM ${userTables} t, pragma_table_xinfo(t.tab) c ORDER BY t.tab, c.cid`;

function toColumn(row: ColumnRow, table: TableRow, rowidAlias: boolean): Column {
  const isAlias = rowidAlias && row.pk > 0;
  return {
    name: row.name,
    number: row.cid + 1,
    type: row.type,
    baseType: row.type.replace(/\s*\(.*$/, "").toLowerCase(),
    stableBinary: true,
    // Any value may be in any column, so that no equality of a type can be relied on.
    exactEquality: false,
    nullable: row.notnull === 0 && !isAlias && !(table.wr === 1 && row.pk > 0),
    hasDefault: row.dflt !== null || isAlias,
    generated: row.hidden === 2 || row.hidden === 3,
    expression: null,
    identity: null,
  };
}

interface IndexRow {
  tab: string;
  name: string;
  origin: string;
  sql: string | null;
  seqno: number;
  cid: number;
  column: string | null;
  coll: string;
}

const indexesSql = `SELECT t.tab, i.name, i.origin, s.sql, x.seqno, x.cid, x.name AS "column", x.coll
  FROM ${userTables} t, pragma_index_list(t.tab) i, pragma_index_xinfo(i.name) x
  LEFT JOIN sqlite_schema s ON s.type = 'index' AND s.name = i.name
  WHERE i."unique" = 1 AND x.key = 1 ORDER BY t.tab, i.seq DESC, x.seqno`;

function toUniqueIndexes(table: string, rows: readonly IndexRow[]): UniqueIndex[] {
  return [...Map.groupBy(rows, (row) => row.name).values()].map((parts) => {
    const { name, origin, sql } = parts[0]!;
    const text = sql === null ? null : splitTerms(sql);
    const columns = parts.map((part) => part.column);
    const expressions = parts.map((part, at) => {
      const term = part.column === null ? `(${text!.terms[at]})` : id(part.column);
      return part.coll === "BINARY" ? term : `${term} COLLATE ${id(part.coll)}`;
    });
    // An index that a constraint made has a name nobody gave it.
    const given = name.startsWith("sqlite_autoindex_")
      ? `${table}_${columns.join("_")}_${origin === "pk" ? "pkey" : "key"}`
      : name;
    return {
      name: given,
      primary: origin === "pk",
      columns,
      expressions,
      operators: columns.map(() => "="),
      predicate: text?.predicate ?? null,
      nullsNotDistinct: false,
    };
  });
}

function rowidIndex(table: string, column: string): UniqueIndex {
  return {
    name: `${table}_pkey`,
    primary: true,
    columns: [column],
    expressions: [id(column)],
    operators: ["="],
    predicate: null,
    nullsNotDistinct: false,
  };
}

interface ForeignKeyRow {
  tab: string;
  id: number;
  parent: string;
  from: string;
  to: string | null;
  on_update: string;
  on_delete: string;
}

const foreignKeysSql = `SELECT t.tab, f.id, f."table" AS parent, f."from" AS "from", f."to" AS "to", f.on_update, f.on_delete
  FROM ${userTables} t, pragma_foreign_key_list(t.tab) f ORDER BY t.tab, f.id, f.seq`;

/** Names are those that PostgreSQL would give; SQLite forgets the ones in the text. */
function toForeignKeys(
  table: string,
  rows: readonly ForeignKeyRow[],
  named: ReadonlyMap<string, string>,
  primaryKeys: ReadonlyMap<string, readonly string[]>,
): ForeignKey[] {
  return [...Map.groupBy(rows, (row) => row.id).values()].map((parts) => {
    const { parent, on_update, on_delete } = parts[0]!;
    const key = primaryKeys.get(parent.toLowerCase()) ?? [];
    const columns = parts.map((part) => part.from);
    return {
      name: `${table}_${columns.join("_")}_fkey`,
      columns,
      references: { schema: "public", name: named.get(parent.toLowerCase()) ?? parent },
      referencedColumns: parts.map((part, at) => part.to ?? key[at] ?? columns[at]!),
      onDelete: on_delete.toLowerCase() as ReferentialAction,
      onUpdate: on_update.toLowerCase() as ReferentialAction,
      operators: columns.map(() => "="),
    };
  });
}

const triggersSql = `SELECT tbl_name AS tab, name FROM sqlite_schema WHERE type = 'trigger' AND ${ofUsers} ORDER BY rowid`;
