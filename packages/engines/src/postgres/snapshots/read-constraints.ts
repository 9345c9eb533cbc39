import type { Connection } from "@runback/core";
import { notOfExtension, ofUsers, qualified } from "./of-users.ts";
import type { FoundObject, ObjectKind } from "./schema-object.ts";

const name = qualified("n.nspname", "c.relname");
const from = "JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace";
const mine = `${ofUsers} AND ${notOfExtension("pg_class", "c.oid")}`;

// A constraint that was never validated may be violated by rows that are there: it comes after them.
const checks = `
SELECT CASE WHEN k.convalidated THEN 'check' ELSE 'late check' END AS kind, format('%s.%I', ${name}, k.conname) AS name, ${name} AS of,
  json_build_array('pg_constraint/' || k.oid) AS keys,
  json_build_array(format('ALTER TABLE ONLY %s ADD CONSTRAINT %I %s', ${name}, k.conname, pg_get_constraintdef(k.oid))) AS sql
FROM pg_constraint k ${from}
WHERE (k.contype = 'c' OR (k.contype = 'n' AND NOT k.convalidated)) AND ${mine}`;

const indexName = qualified("xn.nspname", "x.relname");

const indexExtras = `
  coalesce((SELECT jsonb_build_array(format('ALTER INDEX %s SET (%s)', ${indexName}, array_to_string(x.reloptions, ', ')))
    WHERE k.oid IS NOT NULL AND x.reloptions IS NOT NULL), '[]')
  || coalesce((SELECT jsonb_build_array(format('ALTER TABLE ONLY %s CLUSTER ON %I', ${name}, x.relname)) WHERE i.indisclustered), '[]')
  || coalesce((SELECT jsonb_build_array(format('ALTER TABLE ONLY %s REPLICA IDENTITY USING INDEX %I', ${name}, x.relname))
    WHERE i.indisreplident), '[]')
  || coalesce((SELECT jsonb_agg(format('ALTER INDEX %s ALTER COLUMN %s SET STATISTICS %s', ${indexName}, a.attnum, a.attstattarget) ORDER BY a.attnum)
    FROM pg_attribute a WHERE a.attrelid = x.oid AND a.attstattarget >= 0), '[]')`;

const indexes = `
SELECT CASE WHEN k.oid IS NULL THEN 'index' ELSE 'key' END AS kind, ${indexName} AS name, ${name} AS of,
  json_build_array('pg_class/' || x.oid, 'pg_constraint/' || coalesce(k.oid, 0)) AS keys,
  jsonb_build_array(CASE WHEN k.oid IS NULL THEN pg_get_indexdef(x.oid)
    ELSE format('ALTER TABLE ONLY %s ADD CONSTRAINT %I %s', ${name}, k.conname, pg_get_constraintdef(k.oid)) END)
  || ${indexExtras} AS sql
FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid JOIN pg_namespace xn ON xn.oid = x.relnamespace
JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_constraint k ON k.conindid = x.oid AND k.contype IN ('p', 'u', 'x')
WHERE c.relkind IN ('r', 'p', 'm') AND ${mine}`;

const indexPartitions = `
SELECT 'index partition' AS kind, ${indexName} AS name, ${name} AS of, '[]'::json AS keys,
  json_build_array('pg_class/' || x.oid, 'pg_class/' || p.oid) AS needs,
  json_build_array(format('ALTER INDEX %s ATTACH PARTITION %s', ${qualified("pn.nspname", "p.relname")}, ${indexName})) AS sql
FROM pg_inherits h JOIN pg_class x ON x.oid = h.inhrelid JOIN pg_namespace xn ON xn.oid = x.relnamespace
JOIN pg_index i ON i.indexrelid = x.oid JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_class p ON p.oid = h.inhparent JOIN pg_namespace pn ON pn.oid = p.relnamespace
WHERE x.relkind IN ('i', 'I') AND ${mine}`;

const foreignKeys = `
SELECT 'foreign key' AS kind, format('%s.%I', ${name}, k.conname) AS name, ${name} AS of, json_build_array('pg_constraint/' || k.oid) AS keys,
  json_build_array(format('ALTER TABLE %s ADD CONSTRAINT %I %s', ${name}, k.conname, pg_get_constraintdef(k.oid))) AS sql
FROM pg_constraint k ${from}
WHERE k.contype = 'f' AND k.conparentid = 0 AND ${mine}`;

// What Runback puts on tables is made anew by the target they come to.
const triggers = `
SELECT 'trigger' AS kind, format('%I on %s', g.tgname, ${name}) AS name, ${name} AS of, json_build_array('pg_trigger/' || g.oid) AS keys,
  jsonb_build_array(pg_get_triggerdef(g.oid))
  || CASE WHEN g.tgenabled = 'O' OR c.relkind = 'v' THEN '[]' ELSE jsonb_build_array(format('ALTER TABLE %s %s TRIGGER %I', ${name},
    CASE g.tgenabled WHEN 'D' THEN 'DISABLE' WHEN 'R' THEN 'ENABLE REPLICA' ELSE 'ENABLE ALWAYS' END, g.tgname)) END AS sql
FROM pg_trigger g JOIN pg_class c ON c.oid = g.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_proc f ON f.oid = g.tgfoid JOIN pg_namespace fn ON fn.oid = f.pronamespace
WHERE NOT g.tgisinternal AND g.tgparentid = 0 AND fn.nspname <> 'runback' AND ${mine}`;

const rules = `
SELECT 'rule' AS kind, format('%I on %s', w.rulename, ${name}) AS name, ${name} AS of, json_build_array('pg_rewrite/' || w.oid) AS keys,
  jsonb_build_array(pg_get_ruledef(w.oid))
  || CASE WHEN w.ev_enabled = 'O' THEN '[]' ELSE jsonb_build_array(format('ALTER TABLE %s %s RULE %I', ${name},
    CASE w.ev_enabled WHEN 'D' THEN 'DISABLE' WHEN 'R' THEN 'ENABLE REPLICA' ELSE 'ENABLE ALWAYS' END, w.rulename)) END AS sql
FROM pg_rewrite w JOIN pg_class c ON c.oid = w.ev_class JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE w.rulename <> '_RETURN' AND ${mine}`;

const statistics = `
SELECT 'statistics' AS kind, ${qualified("sn.nspname", "s.stxname")} AS name, ${name} AS of, json_build_array('pg_statistic_ext/' || s.oid) AS keys,
  jsonb_build_array(pg_get_statisticsobjdef(s.oid)) || CASE WHEN coalesce(s.stxstattarget, -1) < 0 THEN '[]'
    ELSE jsonb_build_array(format('ALTER STATISTICS %s SET STATISTICS %s', ${qualified("sn.nspname", "s.stxname")}, s.stxstattarget)) END AS sql
FROM pg_statistic_ext s JOIN pg_namespace sn ON sn.oid = s.stxnamespace
JOIN pg_class c ON c.oid = s.stxrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE ${mine}`;

const viewOptions = "(SELECT format(' WITH (%s)', array_to_string(c.reloptions, ', ')) WHERE c.reloptions IS NOT NULL)";
const viewBody = "rtrim(pg_get_viewdef(c.oid), ';')";

const views = `
SELECT 'view' AS kind, ${name} AS name, ${name} AS of,
  json_build_array('pg_class/' || c.oid, 'pg_type/' || c.reltype, 'pg_type/' || coalesce(rt.typarray, 0),
    'pg_rewrite/' || (SELECT w.oid FROM pg_rewrite w WHERE w.ev_class = c.oid AND w.rulename = '_RETURN')) AS keys,
  json_build_array(CASE c.relkind WHEN 'v' THEN concat('CREATE VIEW ', ${name}, ${viewOptions}, E' AS\\n', ${viewBody})
    ELSE concat('CREATE MATERIALIZED VIEW ', ${name}, ${viewOptions}, E' AS\\n', ${viewBody},
      CASE WHEN c.relispopulated THEN E'\\nWITH DATA' ELSE E'\\nWITH NO DATA' END) END) AS sql
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_type rt ON rt.oid = c.reltype
WHERE c.relkind IN ('v', 'm') AND ${mine}`;

const rowSecurity = `
SELECT 'row security' AS kind, ${name} AS name, ${name} AS of, '[]'::json AS keys, json_build_array('pg_class/' || c.oid) AS needs,
  to_jsonb(array_remove(ARRAY[CASE WHEN c.relrowsecurity THEN format('ALTER TABLE ONLY %s ENABLE ROW LEVEL SECURITY', ${name}) END,
    CASE WHEN c.relforcerowsecurity THEN format('ALTER TABLE ONLY %s FORCE ROW LEVEL SECURITY', ${name}) END,
    CASE c.relreplident WHEN 'f' THEN format('ALTER TABLE ONLY %s REPLICA IDENTITY FULL', ${name})
      WHEN 'n' THEN format('ALTER TABLE ONLY %s REPLICA IDENTITY NOTHING', ${name}) END], NULL)) AS sql
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND (c.relrowsecurity OR c.relforcerowsecurity OR c.relreplident IN ('f', 'n')) AND ${mine}`;

interface Row {
  kind: ObjectKind;
  name: string;
  of: string;
  keys: string[];
  needs?: string[];
  sql: string[];
}

/** What is put on tables once they exist: constraints, indexes, triggers, rules, statistics, and views over them. */
export async function readConstraints(tx: Connection): Promise<FoundObject[]> {
  const found: FoundObject[] = [];
  for (const query of [checks, indexes, indexPartitions, foreignKeys, triggers, rules, statistics, views, rowSecurity])
    found.push(...(await tx.query<Row>(query)).rows);
  return found;
}
