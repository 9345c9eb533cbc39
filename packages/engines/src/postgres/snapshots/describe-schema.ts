import type { Connection, SnapshotSchema, SnapshotTable } from "@runback/core";
import { useExactText } from "../session.ts";
import { refuseUnsupported } from "./find-unsupported.ts";
import { fingerprint } from "./fingerprint.ts";
import { notOfExtension, ofUsers } from "./of-users.ts";
import { type OrderedObjects, orderObjects } from "./order-objects.ts";
import { type AccessStatement, readAccess } from "./read-access.ts";
import { readComments } from "./read-comments.ts";
import { readConstraints } from "./read-constraints.ts";
import { readFunctions } from "./read-functions.ts";
import { readTables } from "./read-tables.ts";
import { readTypes } from "./read-types.ts";

/** What `SnapshotSchema.objects` is for PostgreSQL. */
export interface PostgresObjects extends OrderedObjects {
  readonly access: readonly AccessStatement[];
  readonly sequences: readonly {
    readonly name: string;
    readonly of: string | null;
    readonly value: string;
    readonly called: boolean;
  }[];
  /** Of the database: a scratch one is made alike. */
  readonly database: { readonly encoding: string; readonly collate: string; readonly ctype: string };
}

export const family = "postgresql";

/**
 * Reads the whole schema of users at the transaction's moment. One query a kind of object, not one an object.
 * @throws `SNAPSHOT_UNSUPPORTED`
 */
export async function describeSchema(tx: Connection): Promise<SnapshotSchema & { readonly objects: PostgresObjects }> {
  await tx.query(useExactText);
  await refuseUnsupported(tx, await hasOwnTables(tx));
  const objects = await readObjects(tx);
  const access = await readAccess(tx);
  const extensions = await tx.query<{ name: string; version: string }>(
    "SELECT extname::text AS name, extversion::text AS version FROM pg_extension WHERE oid >= 16384 ORDER BY extname",
  );
  const database = await tx.query<PostgresObjects["database"]>(
    `SELECT pg_encoding_to_char(encoding)::text AS encoding, datcollate::text AS collate, datctype::text AS ctype
     FROM pg_database WHERE datname = current_database()`,
  );
  return {
    family,
    fingerprint: fingerprint(objects),
    tables: await readRowTables(tx),
    extensions: extensions.rows,
    roles: access.roles,
    objects: {
      ...objects,
      access: access.statements,
      sequences: await readPositions(tx),
      database: database.rows[0]!,
    },
  };
}

/** Definitions alone, for comparing. */
export async function readObjects(tx: Connection): Promise<OrderedObjects> {
  await tx.query(useExactText);
  const found = [
    ...(await readTypes(tx)),
    ...(await readFunctions(tx)),
    ...(await readTables(tx)),
    ...(await readConstraints(tx)),
  ];
  return await orderObjects(tx, [...found, ...(await readComments(tx, found))]);
}

export async function hasOwnTables(tx: Connection): Promise<boolean> {
  return (await tx.query("SELECT WHERE to_regclass('runback.audit_heads') IS NOT NULL")).count > 0;
}

/**
 * Tables that hold rows. The binary form carries OIDs of users' types (arrays, composites), which another database gives other
 * numbers: such a table goes as text. An enum's binary form is its label.
 */
async function readRowTables(tx: Connection): Promise<SnapshotTable[]> {
  const { rows } = await tx.query<{ schema: string; name: string; columns: string[]; binary: boolean }>(`
WITH RECURSIVE bases AS (
  SELECT oid AS type, oid AS base FROM pg_type WHERE typtype <> 'd'
  UNION ALL SELECT d.oid, b.base FROM bases b JOIN pg_type d ON d.typtype = 'd' AND d.typbasetype = b.type
)
SELECT n.nspname::text AS schema, c.relname::text AS name,
  coalesce(json_agg(a.attname::text ORDER BY a.attnum) FILTER (WHERE a.attname IS NOT NULL), '[]') AS columns,
  coalesce(bool_and(t.typtype = 'e' OR (t.oid < 16384 AND t.typsend <> 0 AND t.typtype IN ('b', 'r', 'm')
    AND format_type(t.oid, NULL) !~ '^reg' AND (t.typelem = 0 OR (e.oid < 16384 AND e.typsend <> 0)))), true) AS binary
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
LEFT JOIN bases b ON b.type = a.atttypid LEFT JOIN pg_type t ON t.oid = b.base LEFT JOIN pg_type e ON e.oid = t.typelem
WHERE c.relkind = 'r' AND ${ofUsers} AND ${notOfExtension("pg_class", "c.oid")}
GROUP BY n.nspname, c.relname, c.oid ORDER BY pg_table_size(c.oid) DESC, n.nspname, c.relname`);
  return rows.map(({ binary, ...table }) => ({ ...table, encoding: binary ? "copy-binary" : "copy-text" }));
}

async function readPositions(tx: Connection): Promise<PostgresObjects["sequences"]> {
  const { rows } = await tx.query<{ name: string; of: string | null }>(`
SELECT format('%I.%I', n.nspname, c.relname) AS name,
  (SELECT format('%I.%I', tn.nspname, t.relname) FROM pg_depend d JOIN pg_class t ON t.oid = d.refobjid
   JOIN pg_namespace tn ON tn.oid = t.relnamespace WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
     AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i') LIMIT 1) AS of
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'S' AND ${ofUsers} AND ${notOfExtension("pg_class", "c.oid")} ORDER BY 1`);
  if (rows.length === 0) return [];
  const values = await tx.query<{ at: number; value: string; called: boolean }>(
    rows
      .map(({ name }, at) => `SELECT ${at} AS at, last_value::text AS value, is_called AS called FROM ${name}`)
      .join(" UNION ALL "),
  );
  return values.rows.map(({ at, value, called }) => ({ ...rows[at]!, value, called }));
}
