import type { Connection } from "@runback/core";
import { notOfExtension, ofUsers, qualified } from "./of-users.ts";
import type { FoundObject } from "./schema-object.ts";

interface Row {
  keys: string[];
  kind: "schema" | "extension" | "type";
  name: string;
  sql: string[];
}

const schemas = `
SELECT json_build_array('pg_namespace/' || n.oid) AS keys, 'schema' AS kind, n.nspname::text AS name,
  json_build_array(format('CREATE SCHEMA IF NOT EXISTS %I', n.nspname)) AS sql
FROM pg_namespace n WHERE ${ofUsers} AND ${notOfExtension("pg_namespace", "n.oid")}`;

// Below 16384 the server brought it along: plpgsql.
const extensions = `
SELECT json_build_array('pg_extension/' || e.oid) AS keys, 'extension' AS kind, e.extname::text AS name,
  json_build_array(format('CREATE EXTENSION IF NOT EXISTS %I WITH SCHEMA %I', e.extname, n.nspname)) AS sql
FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.oid >= 16384`;

const collation = (
  of: string,
  type: string,
) => `(SELECT format(' COLLATE %I.%I', cn.nspname, c.collname) FROM pg_collation c
  JOIN pg_namespace cn ON cn.oid = c.collnamespace JOIN pg_type ct ON ct.oid = ${type}
  WHERE c.oid = ${of} AND ${of} <> ct.typcollation)`;

const typeKeys = "json_build_array('pg_type/' || t.oid, 'pg_type/' || t.typarray)";

const enums = `
SELECT ${typeKeys} AS keys, 'type' AS kind, ${qualified("n.nspname", "t.typname")} AS name,
  json_build_array(format('CREATE TYPE %I.%I AS ENUM (%s)', n.nspname, t.typname,
    (SELECT string_agg(quote_literal(e.enumlabel), ', ' ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = t.oid))) AS sql
FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
WHERE t.typtype = 'e' AND ${ofUsers} AND ${notOfExtension("pg_type", "t.oid")}`;

const domains = `
SELECT jsonb_build_array('pg_type/' || t.oid, 'pg_type/' || t.typarray)
    || coalesce((SELECT jsonb_agg('pg_constraint/' || k.oid) FROM pg_constraint k WHERE k.contypid = t.oid), '[]') AS keys, 'type' AS kind, ${qualified("n.nspname", "t.typname")} AS name,
  json_build_array(concat(format('CREATE DOMAIN %I.%I AS %s', n.nspname, t.typname, format_type(t.typbasetype, t.typtypmod)),
    ${collation("t.typcollation", "t.typbasetype")},
    ' DEFAULT ' || t.typdefault, CASE WHEN t.typnotnull THEN ' NOT NULL' END,
    (SELECT string_agg(format(' CONSTRAINT %I %s', k.conname, pg_get_constraintdef(k.oid)), '' ORDER BY k.conname)
     FROM pg_constraint k WHERE k.contypid = t.oid AND k.contype = 'c' AND k.convalidated)))
  ::jsonb || coalesce((SELECT jsonb_agg(format('ALTER DOMAIN %I.%I ADD CONSTRAINT %I %s', n.nspname, t.typname, k.conname,
     pg_get_constraintdef(k.oid)) ORDER BY k.conname)
     FROM pg_constraint k WHERE k.contypid = t.oid AND k.contype = 'c' AND NOT k.convalidated), '[]') AS sql
FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
WHERE t.typtype = 'd' AND ${ofUsers} AND ${notOfExtension("pg_type", "t.oid")}`;

const composites = `
SELECT json_build_array('pg_type/' || t.oid, 'pg_type/' || t.typarray, 'pg_class/' || c.oid) AS keys, 'type' AS kind,
  ${qualified("n.nspname", "t.typname")} AS name,
  json_build_array(format('CREATE TYPE %I.%I AS (%s)', n.nspname, t.typname,
    (SELECT string_agg(concat(format('%I %s', a.attname, format_type(a.atttypid, a.atttypmod)),
       ${collation("a.attcollation", "a.atttypid")}), ', ' ORDER BY a.attnum)
     FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped))) AS sql
FROM pg_type t JOIN pg_class c ON c.oid = t.typrelid AND c.relkind = 'c' JOIN pg_namespace n ON n.oid = t.typnamespace
WHERE ${ofUsers} AND ${notOfExtension("pg_type", "t.oid")}`;

const ranges = `
SELECT json_build_array('pg_type/' || t.oid, 'pg_type/' || t.typarray, 'pg_type/' || m.oid, 'pg_type/' || m.typarray) AS keys,
  'type' AS kind, ${qualified("n.nspname", "t.typname")} AS name,
  json_build_array(concat(format('CREATE TYPE %I.%I AS RANGE (SUBTYPE = %s, MULTIRANGE_TYPE_NAME = %I.%I', n.nspname, t.typname,
    format_type(r.rngsubtype, NULL), mn.nspname, m.typname),
    format(', SUBTYPE_OPCLASS = %I.%I', opn.nspname, op.opcname),
    (SELECT format(', COLLATION = %I.%I', cn.nspname, c.collname) FROM pg_collation c JOIN pg_namespace cn ON cn.oid = c.collnamespace
     WHERE c.oid = r.rngcollation),
    CASE WHEN r.rngsubdiff <> 0 THEN ', SUBTYPE_DIFF = ' || r.rngsubdiff::regproc END, ')')) AS sql
FROM pg_range r JOIN pg_type t ON t.oid = r.rngtypid JOIN pg_namespace n ON n.oid = t.typnamespace
JOIN pg_type m ON m.oid = r.rngmultitypid JOIN pg_namespace mn ON mn.oid = m.typnamespace
JOIN pg_opclass op ON op.oid = r.rngsubopc JOIN pg_namespace opn ON opn.oid = op.opcnamespace
WHERE ${ofUsers} AND ${notOfExtension("pg_type", "t.oid")}`;

/** Schemas, extensions and types. */
export async function readTypes(tx: Connection): Promise<FoundObject[]> {
  const found: FoundObject[] = [];
  for (const query of [schemas, extensions, enums, domains, composites, ranges]) {
    const { rows } = await tx.query<Row>(query);
    found.push(...rows.map((row) => ({ ...row, of: null })));
  }
  return found;
}
