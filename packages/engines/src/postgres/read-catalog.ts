import type { Catalog, Column, Connection, ForeignKey, ReferentialAction, Table, UniqueIndex } from "@runback/core";
import { literal } from "./dialect.ts";
import { ofUsers } from "./snapshots/of-users.ts";

/**
 * Tables outside the system schemas and Runback's own. One query a kind of object, not one a table: a catalog of
 * 1,000 tables takes as many round trips as one of ten. Needs a transaction.
 */
export async function readCatalog(tx: Connection): Promise<Catalog> {
  const before = await tx.query<{ path: string }>("SELECT current_setting('search_path') AS path");
  // With nothing but pg_catalog in the path, types, tables and functions of users are spelled with their schema.
  await tx.query("SELECT set_config('search_path', 'pg_catalog', true)");
  const catalog = await read(tx);
  await tx.query("SELECT set_config('search_path', $1, true)", [before.rows[0]!.path]);
  return catalog;
}

async function read(connection: Connection): Promise<Catalog> {
  const tables = await connection.query<TableRow>(tablesSql);
  const columns = await connection.query<ColumnRow>(columnsSql);
  const keys = await connection.query<ForeignKeyRow>(foreignKeysSql);
  const indexes = await connection.query<IndexRow>(indexesSql);
  const triggers = await connection.query<TriggerRow>(triggersSql);
  const partitions = await connection.query<{ root: string; schema: string; name: string }>(partitionsSql);
  const of = <R extends { oid: string }>(rows: readonly R[]) => Map.groupBy(rows, (row) => row.oid);
  const columnsOf = of(columns.rows);
  const keysOf = of(keys.rows);
  const indexesOf = of(indexes.rows);
  const triggersOf = of(triggers.rows);
  const partitionsOf = Map.groupBy(partitions.rows, (row) => row.root);
  return {
    tables: tables.rows.map((row): Table => {
      const unique = (indexesOf.get(row.oid) ?? []).map(toUniqueIndex);
      const primary = unique.find((index) => index.primary);
      return {
        schema: row.schema,
        name: row.name,
        columns: (columnsOf.get(row.oid) ?? []).map(toColumn),
        primaryKey: primary ? primary.columns.filter((name) => name !== null) : [],
        foreignKeys: (keysOf.get(row.oid) ?? []).map(toForeignKey),
        uniqueIndexes: unique,
        inherits: row.inherits,
        partitions: (partitionsOf.get(row.oid) ?? []).map(({ schema, name }) => ({ schema, name })),
        userTriggers: (triggersOf.get(row.oid) ?? []).map(({ name, mode }) => ({ name, mode })),
      };
    }),
  };
}

interface TableRow {
  oid: string;
  schema: string;
  name: string;
  inherits: boolean;
}

const tablesSql = `
SELECT c.oid::text AS oid, n.nspname::text AS schema, c.relname::text AS name,
  c.relkind = 'r' AND EXISTS (SELECT FROM pg_inherits WHERE c.oid IN (inhparent, inhrelid)) AS inherits
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND ${ofUsers}
ORDER BY n.nspname, c.relname`;

interface ColumnRow {
  oid: string;
  name: string;
  number: number;
  type: string;
  base_type: string;
  stable: boolean;
  exact: boolean;
  nullable: boolean;
  has_default: boolean;
  generated: boolean;
  expression: string | null;
  identity: string;
}

const exactTypes = [
  ...[
    "smallint",
    "integer",
    "bigint",
    "oid",
    "xid8",
    "money",
    "boolean",
    "uuid",
    "pg_lsn",
    "bytea",
    "bit",
    "bit varying",
  ],
  ...["text", "character varying", "name", '"char"', "inet", "cidr", "macaddr", "macaddr8", "date"],
  ...["timestamp", "time"].flatMap((type) => [`${type} without time zone`, `${type} with time zone`]),
]
  .map(literal)
  .join(", ");

// A type is stable when it and its element are built in (OIDs below 16384 never change) and have a binary form: an
// array's send function writes its element's OID, a range's writes none. What names objects (regclass and its kind)
// sends their OIDs. Equality is exact for the listed types alone: another one may call different bytes equal.
const columnsSql = `
WITH RECURSIVE bases AS (
  SELECT oid AS type, oid AS base FROM pg_type WHERE typtype <> 'd'
  UNION ALL SELECT d.oid, b.base FROM bases b JOIN pg_type d ON d.typtype = 'd' AND d.typbasetype = b.type
)
SELECT a.attrelid::text AS oid, a.attname::text AS name, a.attnum::int AS number,
  format_type(a.atttypid, a.atttypmod)::text AS type, format_type(b.base, NULL)::text AS base_type,
  (t.oid < 16384 AND t.typsend <> 0 AND t.typtype IN ('b', 'r', 'm') AND format_type(t.oid, NULL) !~ '^reg'
    AND (t.typelem = 0 OR (e.oid < 16384 AND e.typsend <> 0))) AS stable,
  (format_type(b.base, NULL) IN (${exactTypes}) OR t.typtype = 'e')
    AND coalesce((SELECT l.collisdeterministic FROM pg_collation l WHERE l.oid = a.attcollation), true) AS exact,
  NOT a.attnotnull AS nullable, a.atthasdef AND a.attgenerated = '' AS has_default,
  a.attgenerated <> '' AS generated,
  CASE WHEN a.attgenerated <> '' THEN (SELECT pg_get_expr(adbin, adrelid) FROM pg_attrdef
    WHERE adrelid = a.attrelid AND adnum = a.attnum) END AS expression,
  a.attidentity::text AS identity
FROM pg_attribute a
JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_type t ON t.oid = a.atttypid JOIN bases b ON b.type = t.oid
LEFT JOIN pg_type e ON e.oid = t.typelem
WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND ${ofUsers}
ORDER BY a.attrelid, a.attnum`;

function toColumn(row: ColumnRow): Column {
  return {
    name: row.name,
    number: row.number,
    type: row.type,
    baseType: row.base_type,
    stableBinary: row.stable,
    exactEquality: row.exact,
    nullable: row.nullable,
    hasDefault: row.has_default,
    generated: row.generated,
    expression: row.expression,
    identity: row.identity === "a" ? "always" : row.identity === "d" ? "default" : null,
  };
}

interface ForeignKeyRow {
  oid: string;
  name: string;
  columns: string[];
  ref_schema: string;
  ref_name: string;
  ref_columns: string[];
  on_delete: string;
  on_update: string;
  operators: string[];
}

const operatorName = (operator: string) =>
  `(SELECT format('OPERATOR(%I.%s)', s.nspname, o.oprname) FROM pg_operator o JOIN pg_namespace s ON s.oid = o.oprnamespace
    WHERE o.oid = ${operator})`;

const columnNames = (relation: string, numbers: string) =>
  `(SELECT to_json(array_agg(a.attname::text ORDER BY k.at)) FROM unnest(${numbers}) WITH ORDINALITY k(n, at)
    JOIN pg_attribute a ON a.attrelid = ${relation} AND a.attnum = k.n)`;

// Columns that older servers do not have. A constraint that is not enforced forbids nothing; one over periods compares
// by containment, which the server alone decides.
const columnOf = (name: string, before18: string) => `coalesce((to_jsonb(f) ->> '${name}')::boolean, ${before18})`;

const foreignKeysSql = `
SELECT f.conrelid::text AS oid, f.conname::text AS name, ${columnNames("f.conrelid", "f.conkey")} AS columns,
  rn.nspname::text AS ref_schema, r.relname::text AS ref_name, ${columnNames("f.confrelid", "f.confkey")} AS ref_columns,
  f.confdeltype::text AS on_delete, f.confupdtype::text AS on_update,
  (SELECT to_json(array_agg(${operatorName("k.operator")} ORDER BY k.at))
    FROM unnest(f.conpfeqop) WITH ORDINALITY k(operator, at)) AS operators
FROM pg_constraint f
JOIN pg_class c ON c.oid = f.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_class r ON r.oid = f.confrelid JOIN pg_namespace rn ON rn.oid = r.relnamespace
WHERE f.contype = 'f' AND f.conparentid = 0 AND ${ofUsers} AND ${columnOf("conenforced", "true")} AND NOT ${columnOf("conperiod", "false")}
ORDER BY f.conrelid, f.conname`;

const actions: Readonly<Record<string, ReferentialAction>> = {
  a: "no action",
  r: "restrict",
  c: "cascade",
  n: "set null",
  d: "set default",
};

function toForeignKey(row: ForeignKeyRow): ForeignKey {
  return {
    name: row.name,
    columns: row.columns,
    references: { schema: row.ref_schema, name: row.ref_name },
    referencedColumns: row.ref_columns,
    onDelete: actions[row.on_delete] ?? "no action",
    onUpdate: actions[row.on_update] ?? "no action",
    operators: row.operators,
  };
}

interface IndexRow {
  oid: string;
  name: string;
  primary: boolean;
  columns: (string | null)[];
  expressions: string[];
  operators: string[];
  predicate: string | null;
  nulls_not_distinct: boolean;
}

// pg_get_indexdef(index, n, false) spells the n-th column or expression; INCLUDE columns are beyond indnkeyatts.
const indexesSql = `
SELECT i.indrelid::text AS oid, ic.relname::text AS name, i.indisprimary AS primary,
  (SELECT to_json(array_agg(a.attname::text ORDER BY k)) FROM generate_series(0, i.indnkeyatts - 1) k
    LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[k] AND i.indkey[k] <> 0) AS columns,
  (SELECT to_json(array_agg(pg_get_indexdef(i.indexrelid, k, false) ORDER BY k)) FROM generate_series(1, i.indnkeyatts) k) AS expressions,
  (SELECT to_json(array_agg(coalesce(${operatorName("p.amopopr")}, 'OPERATOR(pg_catalog.=)') ORDER BY k))
    FROM generate_series(0, i.indnkeyatts - 1) k
    JOIN pg_opclass oc ON oc.oid = i.indclass[k]
    LEFT JOIN pg_amop p ON p.amopfamily = oc.opcfamily AND p.amopstrategy = 3 AND p.amoplefttype = oc.opcintype
      AND p.amoprighttype = oc.opcintype AND ic.relam = (SELECT oid FROM pg_am WHERE amname = 'btree')) AS operators,
  pg_get_expr(i.indpred, i.indrelid)::text AS predicate, i.indnullsnotdistinct AS nulls_not_distinct
FROM pg_index i
JOIN pg_class ic ON ic.oid = i.indexrelid
JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE i.indisunique AND i.indisvalid AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND ${ofUsers}
ORDER BY i.indrelid, ic.relname`;

function toUniqueIndex(row: IndexRow): UniqueIndex {
  return {
    name: row.name,
    primary: row.primary,
    columns: row.columns,
    expressions: row.expressions,
    operators: row.operators,
    predicate: row.predicate,
    nullsNotDistinct: row.nulls_not_distinct,
  };
}

interface TriggerRow {
  oid: string;
  name: string;
  mode: "O" | "R" | "A";
}

const triggersSql = `
SELECT g.tgrelid::text AS oid, g.tgname::text AS name, g.tgenabled::text AS mode
FROM pg_trigger g
JOIN pg_class c ON c.oid = g.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE NOT g.tgisinternal AND g.tgenabled <> 'D' AND NOT starts_with(g.tgname::text, 'runback_') AND ${ofUsers}
ORDER BY g.tgrelid, g.tgname`;

const partitionsSql = `
SELECT r.oid::text AS root, pn.nspname::text AS schema, p.relname::text AS name
FROM pg_class r JOIN pg_namespace n ON n.oid = r.relnamespace
CROSS JOIN LATERAL pg_partition_tree(r.oid) t
JOIN pg_class p ON p.oid = t.relid JOIN pg_namespace pn ON pn.oid = p.relnamespace
WHERE r.relkind = 'p' AND NOT r.relispartition AND t.relid <> r.oid AND ${ofUsers}
ORDER BY r.oid, p.relname`;
