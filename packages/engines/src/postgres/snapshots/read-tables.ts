import type { Connection } from "@runback/core";
import { notOfExtension, ofUsers, qualified } from "./of-users.ts";
import type { FoundObject, ObjectKind } from "./schema-object.ts";

const name = qualified("n.nspname", "c.relname");

const sequenceOptions = `concat(' INCREMENT BY ', s.seqincrement, ' MINVALUE ', s.seqmin, ' MAXVALUE ', s.seqmax,
  ' START WITH ', s.seqstart, ' CACHE ', s.seqcache, CASE WHEN s.seqcycle THEN ' CYCLE' END)`;

// A sequence of an identity column is made by the column.
const sequences = `
SELECT 'sequence' AS kind, ${name} AS name,
  coalesce((SELECT ${qualified("tn.nspname", "tc.relname")} FROM pg_depend d JOIN pg_class tc ON tc.oid = d.refobjid
    JOIN pg_namespace tn ON tn.oid = tc.relnamespace WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
      AND d.refclassid = 'pg_class'::regclass AND d.deptype = 'a'), ${name}) AS of,
  json_build_array('pg_class/' || c.oid) AS keys,
  json_build_array(concat('CREATE ', CASE WHEN c.relpersistence = 'u' THEN 'UNLOGGED ' END, 'SEQUENCE ', ${name}, ' AS ',
    format_type(s.seqtypid, NULL), ${sequenceOptions})) AS sql
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_sequence s ON s.seqrelid = c.oid
WHERE ${ofUsers} AND ${notOfExtension("pg_class", "c.oid")}
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
    AND d.refclassid = 'pg_class'::regclass AND d.deptype = 'i')`;

const sequenceOwners = `
SELECT 'sequence owner' AS kind, ${name} AS name, ${qualified("tn.nspname", "t.relname")} AS of, '[]'::json AS keys,
  json_build_array('pg_class/' || c.oid, 'pg_class/' || t.oid) AS needs,
  json_build_array(format('ALTER SEQUENCE %s OWNED BY %I.%I.%I', ${name}, tn.nspname, t.relname, a.attname)) AS sql
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.refclassid = 'pg_class'::regclass AND d.deptype = 'a'
JOIN pg_class t ON t.oid = d.refobjid JOIN pg_namespace tn ON tn.oid = t.relnamespace
JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = d.refobjsubid
WHERE c.relkind = 'S' AND ${ofUsers} AND ${notOfExtension("pg_class", "c.oid")}`;

const identity = `(SELECT format(' GENERATED %s AS IDENTITY (SEQUENCE NAME %I.%I%s)',
    CASE a.attidentity WHEN 'a' THEN 'ALWAYS' ELSE 'BY DEFAULT' END, sn.nspname, sc.relname, ${sequenceOptions})
  FROM pg_depend d JOIN pg_sequence s ON s.seqrelid = d.objid JOIN pg_class sc ON sc.oid = s.seqrelid
  JOIN pg_namespace sn ON sn.oid = sc.relnamespace
  WHERE a.attidentity <> '' AND d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.deptype = 'i'
    AND d.refobjid = a.attrelid AND d.refobjsubid = a.attnum)`;

const storage = (of: string) =>
  `CASE ${of} WHEN 'p' THEN 'PLAIN' WHEN 'e' THEN 'EXTERNAL' WHEN 'm' THEN 'MAIN' ELSE 'EXTENDED' END`;

// A name of a NOT NULL constraint that was not given by the server (PostgreSQL 18 keeps them).
const namedNotNull = `(SELECT format(' CONSTRAINT %I', k.conname) FROM pg_constraint k WHERE k.conrelid = a.attrelid AND k.contype = 'n'
  AND k.conkey = ARRAY[a.attnum] AND k.convalidated AND k.conname <> left(c.relname || '_' || a.attname || '_not_null', 63))`;

const column = `concat(format('%I %s', a.attname, format_type(a.atttypid, a.atttypmod)),
  (SELECT format(' COLLATE %I.%I', ln.nspname, l.collname) FROM pg_collation l JOIN pg_namespace ln ON ln.oid = l.collnamespace
   WHERE l.oid = a.attcollation AND a.attcollation <> t.typcollation),
  CASE a.attgenerated WHEN 's' THEN format(' GENERATED ALWAYS AS (%s) STORED', pg_get_expr(g.adbin, g.adrelid))
    WHEN 'v' THEN format(' GENERATED ALWAYS AS (%s) VIRTUAL', pg_get_expr(g.adbin, g.adrelid)) END,
  ${identity},
  CASE WHEN a.attnotnull AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conrelid = a.attrelid AND k.contype = 'n'
    AND k.conkey = ARRAY[a.attnum] AND NOT k.convalidated) THEN ${namedNotNull} END,
  CASE WHEN a.attnotnull AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conrelid = a.attrelid AND k.contype = 'n'
    AND k.conkey = ARRAY[a.attnum] AND NOT k.convalidated) THEN ' NOT NULL' END)`;

const columnExtras = `
  SELECT format('ALTER TABLE ONLY %s ALTER COLUMN %I SET STORAGE %s', ${name}, a.attname, ${storage("a.attstorage")}) AS s, a.attnum AS at
  FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
  WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attstorage <> t.typstorage
  UNION ALL SELECT format('ALTER TABLE ONLY %s ALTER COLUMN %I SET COMPRESSION %s', ${name}, a.attname,
    CASE a.attcompression WHEN 'l' THEN 'lz4' ELSE 'pglz' END), a.attnum
  FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attcompression <> ''
  UNION ALL SELECT format('ALTER TABLE ONLY %s ALTER COLUMN %I SET STATISTICS %s', ${name}, a.attname, a.attstattarget), a.attnum
  FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attstattarget >= 0
  UNION ALL SELECT format('ALTER TABLE ONLY %s ALTER COLUMN %I SET (%s)', ${name}, a.attname, array_to_string(a.attoptions, ', ')), a.attnum
  FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attoptions IS NOT NULL`;

const tables = `
SELECT 'table' AS kind, ${name} AS name, ${name} AS of,
  jsonb_build_array('pg_class/' || c.oid, 'pg_type/' || c.reltype, 'pg_type/' || coalesce(rt.typarray, 0))
    || coalesce((SELECT jsonb_agg('pg_attrdef/' || g.oid) FROM pg_attrdef g JOIN pg_attribute a ON a.attrelid = g.adrelid AND a.attnum = g.adnum
      WHERE g.adrelid = c.oid AND a.attgenerated <> ''), '[]')
    || coalesce((SELECT jsonb_agg('pg_class/' || d.objid) FROM pg_depend d WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = c.oid
      AND d.classid = 'pg_class'::regclass AND d.deptype = 'i' AND d.refobjsubid > 0), '[]') AS keys,
  jsonb_build_array(concat('CREATE ', CASE WHEN c.relpersistence = 'u' THEN 'UNLOGGED ' END, 'TABLE ', ${name}, ' (',
    (SELECT string_agg(E'\\n  ' || ${column}, ',' ORDER BY a.attnum) FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
     LEFT JOIN pg_attrdef g ON g.adrelid = a.attrelid AND g.adnum = a.attnum
     WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped), E'\\n)',
    CASE WHEN c.relkind = 'p' THEN ' PARTITION BY ' || pg_get_partkeydef(c.oid) END,
    (SELECT format(' WITH (%s)', string_agg(o, ', ')) FROM (SELECT unnest(c.reloptions) AS o
      UNION ALL SELECT 'toast.' || unnest(tt.reloptions) FROM pg_class tt WHERE tt.oid = c.reltoastrelid) options HAVING count(*) > 0)))
  || coalesce((SELECT jsonb_agg(e.s ORDER BY e.at, e.s) FROM (${columnExtras}) e), '[]') AS sql
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_type rt ON rt.oid = c.reltype
WHERE c.relkind IN ('r', 'p') AND ${ofUsers} AND ${notOfExtension("pg_class", "c.oid")}`;

const partitions = `
SELECT 'partition' AS kind, ${name} AS name, ${name} AS of, '[]'::json AS keys,
  jsonb_build_array('pg_class/' || c.oid, 'pg_class/' || p.oid)
    || coalesce((SELECT jsonb_agg('pg_constraint/' || k.oid) FROM pg_constraint k WHERE k.conrelid IN (c.oid, p.oid) AND k.contype = 'c'
      AND k.convalidated), '[]') AS needs,
  json_build_array(format('ALTER TABLE ONLY %I.%I ATTACH PARTITION %s %s', pn.nspname, p.relname, ${name},
    pg_get_expr(c.relpartbound, c.oid))) AS sql
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_inherits i ON i.inhrelid = c.oid
JOIN pg_class p ON p.oid = i.inhparent JOIN pg_namespace pn ON pn.oid = p.relnamespace
WHERE c.relispartition AND c.relkind IN ('r', 'p') AND ${ofUsers}`;

const defaults = `
SELECT 'default' AS kind, format('%s.%I', ${name}, a.attname) AS name, ${name} AS of, json_build_array('pg_attrdef/' || d.oid) AS keys,
  json_build_array(format('ALTER %s %s ALTER COLUMN %I SET DEFAULT %s', CASE c.relkind WHEN 'v' THEN 'VIEW' ELSE 'TABLE ONLY' END,
    ${name}, a.attname, pg_get_expr(d.adbin, d.adrelid))) AS sql
FROM pg_attrdef d JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
JOIN pg_class c ON c.oid = d.adrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE a.attgenerated = '' AND c.relkind IN ('r', 'p', 'v') AND ${ofUsers} AND ${notOfExtension("pg_class", "c.oid")}`;

interface Row {
  kind: ObjectKind;
  name: string;
  of: string;
  keys: string[];
  needs?: string[];
  sql: string[];
}

/** Sequences, tables with their columns, partitions and defaults: everything that holds rows. */
export async function readTables(tx: Connection): Promise<FoundObject[]> {
  const found: FoundObject[] = [];
  for (const query of [sequences, sequenceOwners, tables, partitions, defaults])
    found.push(...(await tx.query<Row>(query)).rows);
  return found;
}
