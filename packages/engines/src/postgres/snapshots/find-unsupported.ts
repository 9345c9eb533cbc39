import { type Connection, RunbackError } from "@runback/core";
import { notOfExtension, ofUsers } from "./of-users.ts";

const relation = "format('%I.%I', n.nspname, c.relname)";
const classes = `pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace AND ${ofUsers} AND ${notOfExtension("pg_class", "c.oid")}`;

/** Objects of a kind in one catalog that a restore could not make again. */
const kindOf = (what: string, catalog: string, name: string, namespace: string, where = "true") => `
SELECT '${what}' AS what, format('%I.%I', n.nspname, o.${name}) AS name FROM ${catalog} o
JOIN pg_namespace n ON n.oid = o.${namespace} WHERE ${ofUsers} AND ${notOfExtension(catalog, "o.oid")} AND ${where}`;

const queries: readonly string[] = [
  `SELECT 'foreign table' AS what, ${relation} AS name FROM ${classes} WHERE c.relkind = 'f'`,
  `SELECT 'table that inherits' AS what, ${relation} AS name FROM ${classes}
   WHERE c.relkind = 'r' AND NOT c.relispartition AND EXISTS (SELECT FROM pg_inherits i WHERE c.oid IN (i.inhrelid, i.inhparent))`,
  `SELECT 'typed table' AS what, ${relation} AS name FROM ${classes} WHERE c.reloftype <> 0`,
  `SELECT 'table access method of' AS what, ${relation} AS name FROM ${classes}
   WHERE c.relkind IN ('r', 'm') AND c.relam <> (SELECT oid FROM pg_am WHERE amname = 'heap')`,
  `SELECT 'tablespace of' AS what, ${relation} AS name FROM ${classes} WHERE c.reltablespace <> 0`,
  `SELECT 'invalid index' AS what, format('%I.%I', n.nspname, x.relname) AS name FROM ${classes} JOIN pg_index i ON i.indrelid = c.oid
   JOIN pg_class x ON x.oid = i.indexrelid WHERE NOT i.indisvalid`,
  `SELECT 'partition that is being detached:' AS what, ${relation} AS name FROM ${classes} JOIN pg_inherits i ON i.inhrelid = c.oid
   WHERE i.inhdetachpending`,
  `SELECT 'function in C' AS what, format('%I.%I', n.nspname, p.proname) AS name FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
   JOIN pg_language l ON l.oid = p.prolang AND l.lanname IN ('c', 'internal')
   WHERE p.prokind <> 'a' AND ${ofUsers} AND ${notOfExtension("pg_proc", "p.oid")}
     AND NOT EXISTS (SELECT FROM pg_depend i WHERE i.classid = 'pg_proc'::regclass AND i.objid = p.oid AND i.deptype = 'i')`,
  `SELECT 'ordered-set or sorted aggregate' AS what, a.aggfnoid::regprocedure::text AS name FROM pg_aggregate a
   JOIN pg_proc p ON p.oid = a.aggfnoid JOIN pg_namespace n ON n.oid = p.pronamespace
   WHERE (a.aggkind <> 'n' OR a.aggsortop <> 0) AND ${ofUsers} AND ${notOfExtension("pg_proc", "p.oid")}`,
  kindOf("base type", "pg_type", "typname", "typnamespace", "o.typtype = 'b' AND o.typelem = 0"),
  `SELECT 'range type with a canonical function' AS what, format('%I.%I', n.nspname, t.typname) AS name FROM pg_range r
   JOIN pg_type t ON t.oid = r.rngtypid JOIN pg_namespace n ON n.oid = t.typnamespace
   WHERE r.rngcanonical <> 0 AND ${ofUsers} AND ${notOfExtension("pg_type", "t.oid")}`,
  kindOf("operator", "pg_operator", "oprname", "oprnamespace"),
  kindOf("operator class", "pg_opclass", "opcname", "opcnamespace"),
  kindOf("operator family", "pg_opfamily", "opfname", "opfnamespace"),
  kindOf("collation", "pg_collation", "collname", "collnamespace"),
  kindOf("conversion", "pg_conversion", "conname", "connamespace"),
  kindOf("text search configuration", "pg_ts_config", "cfgname", "cfgnamespace"),
  kindOf("text search dictionary", "pg_ts_dict", "dictname", "dictnamespace"),
  kindOf("text search parser", "pg_ts_parser", "prsname", "prsnamespace"),
  kindOf("text search template", "pg_ts_template", "tmplname", "tmplnamespace"),
  `SELECT 'cast' AS what, format('%s AS %s', format_type(k.castsource, NULL), format_type(k.casttarget, NULL)) AS name FROM pg_cast k
   WHERE k.oid >= 16384 AND ${notOfExtension("pg_cast", "k.oid")}
     -- A range type brings the cast to its multirange.
     AND NOT EXISTS (SELECT FROM pg_depend i WHERE i.classid = 'pg_cast'::regclass AND i.objid = k.oid AND i.deptype = 'i')`,
  `SELECT 'foreign server' AS what, s.srvname::text AS name FROM pg_foreign_server s`,
  `SELECT 'language' AS what, l.lanname::text AS name FROM pg_language l WHERE l.oid >= 16384 AND ${notOfExtension("pg_language", "l.oid")}`,
  `SELECT 'publication of single tables' AS what, p.pubname::text AS name FROM pg_publication p
   WHERE EXISTS (SELECT FROM pg_publication_rel r WHERE r.prpubid = p.oid)
     OR EXISTS (SELECT FROM pg_publication_namespace r WHERE r.pnpubid = p.oid)`,
  `SELECT 'event trigger' AS what, e.evtname::text AS name FROM pg_event_trigger e JOIN pg_proc p ON p.oid = e.evtfoid
   JOIN pg_namespace n ON n.oid = p.pronamespace WHERE ${ofUsers} AND ${notOfExtension("pg_event_trigger", "e.oid")}`,
  `SELECT 'default privileges in schema' AS what, n.nspname::text AS name FROM pg_default_acl d
   JOIN pg_namespace n ON n.oid = d.defaclnamespace WHERE ${ofUsers}`,
  `SELECT 'large objects' AS what, (SELECT count(*) FROM pg_largeobject_metadata)::text AS name
   WHERE EXISTS (SELECT FROM pg_largeobject_metadata)`,
  `SELECT 'security label on' AS what, format('%s %s', i.type, i.identity) AS name FROM pg_seclabel s
   CROSS JOIN LATERAL pg_identify_object(s.classoid, s.objoid, s.objsubid) i`,
  `SELECT 'extension with tables of its own' AS what, e.extname::text AS name FROM pg_extension e WHERE cardinality(e.extconfig) > 0`,
  // In place it would have to move from the schema that goes to the one that comes.
  `SELECT 'extension that cannot be moved out of the tables'' schema' AS what, e.extname::text AS name FROM pg_extension e
   JOIN pg_namespace n ON n.oid = e.extnamespace
   WHERE NOT e.extrelocatable AND ${ofUsers} AND EXISTS (SELECT FROM pg_class c WHERE c.relnamespace = n.oid AND ${notOfExtension("pg_class", "c.oid")})`,
  `SELECT 'owner that Runback''s user does not belong to:' AS what, pg_get_userbyid(o.owner)::text AS name FROM (
     SELECT c.relowner AS owner FROM ${classes} UNION SELECT n.nspowner FROM pg_namespace n WHERE ${ofUsers}
     UNION SELECT p.proowner FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE ${ofUsers} AND ${notOfExtension("pg_proc", "p.oid")}
     UNION SELECT t.typowner FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace WHERE ${ofUsers} AND ${notOfExtension("pg_type", "t.oid")}
   ) o WHERE NOT pg_has_role(current_user, o.owner, 'MEMBER')`,
  // It stays in its place while everything around it is exchanged.
  `SELECT 'audit table tied to other objects:' AS what, a.relation AS name FROM (SELECT to_jsonb(h) ->> 'relation' AS relation
     FROM runback.audit_heads h) a JOIN pg_class c ON c.oid = to_regclass(
       (SELECT format('%I.%I', split_part(a.relation, '.', 1), substr(a.relation, strpos(a.relation, '.') + 1))))
   JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE ${ofUsers} AND (c.relkind <> 'r' OR c.relispartition
     OR EXISTS (SELECT FROM pg_constraint k WHERE k.contype = 'f' AND c.oid IN (k.conrelid, k.confrelid))
     OR EXISTS (SELECT FROM pg_attribute t JOIN pg_type y ON y.oid = t.atttypid WHERE t.attrelid = c.oid AND t.attnum > 0 AND y.oid >= 16384)
     OR EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.refobjid IN (c.oid, c.reltype))
     OR EXISTS (SELECT FROM pg_depend d JOIN pg_attrdef f ON d.classid = 'pg_attrdef'::regclass AND d.objid = f.oid
       WHERE f.adrelid = c.oid AND d.refobjid >= 16384 AND d.refclassid <> 'pg_class'::regclass)
     OR EXISTS (SELECT FROM pg_depend d JOIN pg_constraint k ON d.classid = 'pg_constraint'::regclass AND d.objid = k.oid
       WHERE k.conrelid = c.oid AND d.refobjid >= 16384 AND d.refclassid = 'pg_proc'::regclass))`,
];

/** @throws `SNAPSHOT_UNSUPPORTED` naming everything a restore could not bring back */
export async function refuseUnsupported(tx: Connection, ownTables: boolean): Promise<void> {
  const found: string[] = [];
  for (const query of queries) {
    if (!ownTables && query.includes("runback.audit_heads")) continue;
    const { rows } = await tx.query<{ what: string; name: string }>(query);
    found.push(...rows.map(({ what, name }) => `${what} ${name}`));
  }
  if (found.length > 0) throw unsupported(found);
}

export function unsupported(objects: readonly string[]): RunbackError {
  return new RunbackError(
    "SNAPSHOT_UNSUPPORTED",
    `A restore could not bring back: ${objects.slice(0, 20).join(", ")}${objects.length > 20 ? ` and ${objects.length - 20} more` : ""}.`,
    {
      recovery:
        "Nothing was written. Use the server's own backup for this database, or take these objects out of it: docs/snapshots.md says what is carried.",
      status: 409,
      details: { objects: objects.slice(0, 1000) },
    },
  );
}
