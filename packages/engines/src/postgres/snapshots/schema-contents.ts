import { type Connection, digestOf } from "@runback/core";

/** Catalogs whose rows lie in a schema, with the column that names it. */
const members: readonly (readonly [catalog: string, namespace: string])[] = [
  ["pg_class", "relnamespace"],
  ["pg_type", "typnamespace"],
  ["pg_proc", "pronamespace"],
  ["pg_constraint", "connamespace"],
  ["pg_operator", "oprnamespace"],
  ["pg_opclass", "opcnamespace"],
  ["pg_opfamily", "opfnamespace"],
  ["pg_collation", "collnamespace"],
  ["pg_conversion", "connamespace"],
  ["pg_ts_config", "cfgnamespace"],
  ["pg_ts_dict", "dictnamespace"],
  ["pg_ts_parser", "prsnamespace"],
  ["pg_ts_template", "tmplnamespace"],
  ["pg_statistic_ext", "stxnamespace"],
  ["pg_default_acl", "defaclnamespace"],
];

/** Catalogs whose rows are parts of a relation or a type, with the column that names it and what tells them apart. */
const parts: readonly (readonly [catalog: string, whole: "pg_class" | "pg_type", of: string, part: string])[] = [
  ["pg_attribute", "pg_class", "attrelid", "p.attnum::int"],
  ["pg_index", "pg_class", "indexrelid", "0"],
  ["pg_sequence", "pg_class", "seqrelid", "0"],
  ["pg_inherits", "pg_class", "inhrelid", "p.inhseqno"],
  ["pg_partitioned_table", "pg_class", "partrelid", "0"],
  ["pg_enum", "pg_type", "enumtypid", "p.oid::bigint"],
];

const objectsOf: readonly (readonly [catalog: string, of: string])[] = [
  ["pg_attrdef", "adrelid"],
  ["pg_trigger", "tgrelid"],
  ["pg_rewrite", "ev_class"],
  ["pg_policy", "polrelid"],
];

/**
 * `skip`: members of extensions, the tables that stay, and all that belongs to them. `inside`: every object of the schemas but
 * those. Parameters: names of the schemas as JSON, relations that stay as JSON.
 */
const inside = `RECURSIVE skip AS (
  SELECT classid, objid FROM pg_depend WHERE deptype = 'e'
  UNION SELECT 'pg_class'::regclass, c.oid FROM jsonb_to_recordset($2::jsonb) AS k(schema text, name text)
    JOIN pg_namespace n ON n.nspname = k.schema JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = k.name
  UNION SELECT d.classid, d.objid FROM skip s JOIN pg_depend d ON d.refclassid = s.classid AND d.refobjid = s.objid
    WHERE d.deptype IN ('i', 'a')
), places AS (
  SELECT n.oid FROM jsonb_array_elements_text($1::jsonb) AS w(name) JOIN pg_namespace n ON n.nspname = w.name
), found AS (
  ${members
    .map(
      ([catalog, namespace]) =>
        `SELECT '${catalog}'::regclass::oid AS class, o.oid, o.xmin::text AS mark FROM ${catalog} o WHERE o.${namespace} IN (SELECT oid FROM places)`,
    )
    .join(" UNION ALL ")}
), inside AS (
  SELECT f.class, f.oid, 0::bigint AS part, f.mark FROM found f
  WHERE NOT EXISTS (SELECT FROM skip s WHERE s.classid = f.class AND s.objid = f.oid)
), objects AS (
  SELECT * FROM inside
  ${objectsOf
    .map(
      ([catalog, of]) => `UNION ALL SELECT '${catalog}'::regclass, p.oid, 0, p.xmin::text FROM ${catalog} p
  JOIN inside i ON i.class = 'pg_class'::regclass AND i.oid = p.${of}`,
    )
    .join(" ")}
)`;

/**
 * Everything in some schemas, as the catalog's rows stand: which they are, and the transaction that wrote each last. Equal contents
 * mean that nobody made, changed, granted, commented or dropped anything in between; renaming the schema changes nothing here.
 *
 * @param keep tables that are left out, with all that belongs to them
 */
export async function schemaContents(
  tx: Connection,
  schemas: readonly string[],
  keep: readonly { readonly schema: string; readonly name: string }[],
): Promise<ReadonlyMap<string, string>> {
  const { rows } = await tx.query<{ key: string; mark: string }>(
    `WITH ${inside}
     SELECT concat_ws('/', class::regclass, oid, part) AS key, mark FROM objects
     ${parts
       .map(
         ([catalog, whole, of, part]) => `UNION ALL SELECT concat_ws('/', '${catalog}', p.${of}, ${part}), p.xmin::text
     FROM ${catalog} p JOIN inside i ON i.class = '${whole}'::regclass AND i.oid = p.${of}`,
       )
       .join(" ")}
     UNION ALL SELECT concat_ws('/', 'pg_description', d.classoid::regclass, d.objoid, d.objsubid), d.xmin::text
     FROM pg_description d JOIN objects o ON o.class = d.classoid AND o.oid = d.objoid
     UNION ALL SELECT concat_ws('/', 'pg_namespace', n.oid), concat_ws(' ', n.nspowner, n.nspacl)
     FROM pg_namespace n WHERE n.oid IN (SELECT oid FROM places)`,
    [JSON.stringify(schemas), JSON.stringify(keep.map(({ schema, name }) => ({ schema, name })))],
  );
  return new Map(rows.map(({ key, mark }) => [key, mark]));
}

export function contentsDigest(contents: ReadonlyMap<string, string>): string {
  return digestOf([...contents].map(([key, mark]) => `${key} ${mark}`).sort());
}

/** What differs, in words where the database still knows it. */
export async function contentsChanged(
  tx: Connection,
  before: ReadonlyMap<string, string>,
  now: ReadonlyMap<string, string>,
): Promise<string[]> {
  const keys = [...new Set([...before.keys(), ...now.keys()])].filter((key) => before.get(key) !== now.get(key));
  if (keys.length === 0) return [];
  const { rows } = await tx.query<{ what: string }>(
    `SELECT DISTINCT coalesce(pg_describe_object(to_regclass(k.class)::oid, k.oid::oid, 0), concat('dropped: ', k.class, ' ', k.oid)) AS what
     FROM (SELECT split_part(key, '/', 1) AS class, split_part(key, '/', 2) AS oid FROM jsonb_array_elements_text($1::jsonb) AS w(key)
       WHERE key ~ '^pg_(class|type|proc|constraint|operator|opclass|opfamily|collation|conversion|ts_[a-z]+|statistic_ext|default_acl|attrdef|trigger|rewrite|policy|namespace)/'
       UNION SELECT CASE split_part(key, '/', 1) WHEN 'pg_enum' THEN 'pg_type' ELSE 'pg_class' END, split_part(key, '/', 2)
       FROM jsonb_array_elements_text($1::jsonb) AS w(key) WHERE key ~ '^pg_(attribute|index|sequence|inherits|partitioned_table|enum)/'
       UNION SELECT split_part(key, '/', 2), split_part(key, '/', 3)
       FROM jsonb_array_elements_text($1::jsonb) AS w(key) WHERE key ~ '^pg_description/') k ORDER BY 1`,
    [JSON.stringify(keys)],
  );
  return rows.map((row) => row.what);
}

/** Objects elsewhere that lean on some in these schemas: dropping the schemas would take them along, or parts of them. */
export async function leaningOn(
  tx: Connection,
  schemas: readonly string[],
  keep: readonly { readonly schema: string; readonly name: string }[],
): Promise<string[]> {
  const { rows } = await tx.query<{ what: string }>(
    `WITH ${inside}
     SELECT DISTINCT pg_describe_object(d.classid, d.objid, d.objsubid) AS what FROM pg_depend d
     JOIN objects i ON i.class = d.refclassid AND i.oid = d.refobjid
     WHERE d.deptype <> 'i' AND NOT EXISTS (SELECT FROM objects o WHERE o.class = d.classid AND o.oid = d.objid) ORDER BY 1`,
    [JSON.stringify(schemas), JSON.stringify(keep.map(({ schema, name }) => ({ schema, name })))],
  );
  return rows.map((row) => row.what);
}
