import {
  type Catalog,
  type Column,
  type Connection,
  type ForeignKey,
  type ReferentialAction,
  silentWhileReverting,
  type Table,
  type UniqueIndex,
} from "@runback/core";
import { id } from "./dialect.ts";

/** Tables of the target's database, Runback's own left out. One query a kind of object, not one a table. */
export async function readCatalog(tx: Connection): Promise<Catalog> {
  const tables = await tx.query<{ name: string }>(tablesSql);
  const columns = await tx.query<ColumnRow>(columnsOf(own));
  const keys = await tx.query<ForeignKeyRow>(foreignKeysSql);
  // `*`: MySQL has a column for expressions, MariaDB has none.
  const indexes = await tx.query<IndexRow>(indexesSql);
  const triggers = await tx.query<{ tbl: string; name: string }>(triggersSql);
  const columnsByTable = Map.groupBy(columns.rows, (row) => row.tbl);
  const keysOf = Map.groupBy(keys.rows, (row) => row.tbl);
  const indexesOf = Map.groupBy(indexes.rows, (row) => row.TABLE_NAME);
  const triggersOf = Map.groupBy(triggers.rows, (row) => row.tbl);
  return {
    tables: tables.rows.map(({ name }): Table => {
      const unique = uniqueIndexes(indexesOf.get(name) ?? []);
      const primary = unique.find((index) => index.primary);
      return {
        schema: "public",
        name,
        columns: (columnsByTable.get(name) ?? []).map(toColumn),
        primaryKey: primary ? primary.columns.filter((column) => column !== null) : [],
        foreignKeys: foreignKeys(keysOf.get(name) ?? []),
        uniqueIndexes: unique,
        // One set of triggers serves all partitions here: they are no tables of their own.
        partitions: [],
        inherits: false,
        userTriggers: (triggersOf.get(name) ?? []).map((trigger) => ({ name: trigger.name, mode: "O" })),
      };
    }),
  };
}

/** Columns of one table by its name in the server's catalog, Runback's own included. */
export async function readColumns(tx: Connection, table: string): Promise<Column[]> {
  const { rows } = await tx.query<ColumnRow>(columnsOf("table_name = $1"), [table]);
  return rows.map(toColumn);
}

const own = "LEFT(table_name, 8) <> 'runback_'";

const tablesSql = `
SELECT table_name AS name FROM information_schema.tables
WHERE table_schema = database() AND table_type IN ('BASE TABLE', 'SYSTEM VERSIONED') AND ${own} ORDER BY BINARY table_name`;

interface ColumnRow {
  tbl: string;
  name: string;
  number: number;
  column_type: string;
  base_type: string;
  charset: string | null;
  collation: string | null;
  nullable: string;
  default_value: string | null;
  extra: string;
  expression: string | null;
}

const columnsOf = (which: string) => `
SELECT table_name AS tbl, column_name AS name, ordinal_position + 0e0 AS number, column_type AS column_type, data_type AS base_type,
  character_set_name AS charset, collation_name AS collation, is_nullable AS nullable, column_default AS default_value,
  extra AS extra, generation_expression AS expression
FROM information_schema.columns WHERE table_schema = database() AND ${which} ORDER BY table_name, ordinal_position`;

/** Types whose equal values have equal bytes. Texts compare by their collation, whatever that calls equal. */
const exact = new Set(
  "tinyint smallint mediumint int bigint bit year date datetime timestamp time enum set binary varbinary uuid inet4 inet6".split(
    " ",
  ),
);

function toColumn(row: ColumnRow): Column {
  const generated =
    (row.expression ?? "") !== "" || /generated always|virtual|persistent|stored generated/i.test(row.extra);
  const auto = /auto_increment/i.test(row.extra);
  return {
    name: row.name,
    number: Number(row.number),
    type:
      row.charset === null
        ? row.column_type
        : `${row.column_type} character set ${row.charset} collate ${row.collation}`,
    baseType: row.base_type.toLowerCase(),
    stableBinary: true,
    exactEquality: exact.has(row.base_type.toLowerCase()),
    nullable: row.nullable === "YES",
    hasDefault: row.default_value !== null || /default_generated/i.test(row.extra),
    generated,
    expression: generated ? row.expression : null,
    identity: auto ? "default" : null,
  };
}

interface ForeignKeyRow {
  tbl: string;
  name: string;
  col: string;
  ref_schema: string;
  ref_table: string;
  ref_column: string;
  on_delete: string;
  on_update: string;
}

const foreignKeysSql = `
SELECT k.table_name AS tbl, k.constraint_name AS name, k.column_name AS col,
  CASE WHEN k.referenced_table_schema = database() THEN 'public' ELSE k.referenced_table_schema END AS ref_schema,
  k.referenced_table_name AS ref_table, k.referenced_column_name AS ref_column, r.delete_rule AS on_delete, r.update_rule AS on_update
FROM information_schema.key_column_usage k
JOIN information_schema.referential_constraints r ON r.constraint_schema = k.constraint_schema
  AND r.constraint_name = k.constraint_name AND r.table_name = k.table_name
WHERE k.table_schema = database() AND k.referenced_table_name IS NOT NULL AND LEFT(k.table_name, 8) <> 'runback_'
ORDER BY k.table_name, k.constraint_name, k.ordinal_position`;

const actions: Readonly<Record<string, ReferentialAction>> = {
  "NO ACTION": "no action",
  RESTRICT: "restrict",
  CASCADE: "cascade",
  "SET NULL": "set null",
  "SET DEFAULT": "set default",
};

function foreignKeys(rows: readonly ForeignKeyRow[]): ForeignKey[] {
  return [...Map.groupBy(rows, (row) => row.name).values()].map((columns) => {
    const first = columns[0]!;
    return {
      name: first.name,
      columns: columns.map((row) => row.col),
      references: { schema: first.ref_schema, name: first.ref_table },
      referencedColumns: columns.map((row) => row.ref_column),
      onDelete: actions[first.on_delete] ?? "no action",
      onUpdate: actions[first.on_update] ?? "no action",
      operators: columns.map(() => "="),
    };
  });
}

interface IndexRow {
  TABLE_NAME: string;
  INDEX_NAME: string;
  COLUMN_NAME: string | null;
  SUB_PART: number | string | null;
  EXPRESSION?: string | null;
}

const indexesSql = `
SELECT * FROM information_schema.statistics
WHERE table_schema = database() AND non_unique = 0 AND ${own} ORDER BY table_name, index_name, seq_in_index`;

function uniqueIndexes(rows: readonly IndexRow[]): UniqueIndex[] {
  return [...Map.groupBy(rows, (row) => row.INDEX_NAME)].map(([name, parts]) => ({
    name,
    primary: name === "PRIMARY",
    columns: parts.map((row) =>
      row.SUB_PART === null ? row.COLUMN_NAME : name === "PRIMARY" ? row.COLUMN_NAME : null,
    ),
    expressions: parts.map((row) =>
      row.COLUMN_NAME === null
        ? `(${row.EXPRESSION})`
        : row.SUB_PART === null
          ? id(row.COLUMN_NAME)
          : `left(${id(row.COLUMN_NAME)}, ${Number(row.SUB_PART)})`,
    ),
    operators: parts.map(() => "="),
    predicate: null,
    nullsNotDistinct: false,
  }));
}

/** Those that keep silent while rows are put back are no obstacle to that, and not listed. */
const triggersSql = `
SELECT event_object_table AS tbl, trigger_name AS name FROM information_schema.triggers
WHERE event_object_schema = database() AND LEFT(trigger_name, 8) <> 'runback_'
  AND LEFT(action_statement, ${silentWhileReverting.length}) <> '${silentWhileReverting}' ORDER BY event_object_table, trigger_name`;
