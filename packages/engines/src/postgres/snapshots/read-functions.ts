import type { Connection } from "@runback/core";
import { notOfExtension, ofUsers } from "./of-users.ts";
import type { FoundObject } from "./schema-object.ts";

const identity = "format('%I.%I(%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid))";

const functions = `
SELECT p.oid::text AS oid, ${identity} AS name, json_build_array(pg_get_functiondef(p.oid)) AS sql
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE p.prokind <> 'a' AND ${ofUsers} AND ${notOfExtension("pg_proc", "p.oid")}
  -- A range type brings its own constructors.
  AND NOT EXISTS (SELECT FROM pg_depend i WHERE i.classid = 'pg_proc'::regclass AND i.objid = p.oid AND i.deptype = 'i')`;

const part = (label: string, condition: string, value: string) =>
  `CASE WHEN ${condition} THEN ', ${label} = ' || ${value} END`;

const modify = (column: string) =>
  `CASE ${column} WHEN 'r' THEN 'READ_ONLY' WHEN 's' THEN 'SHAREABLE' ELSE 'READ_WRITE' END`;

const aggregates = `
SELECT p.oid::text AS oid, ${identity} AS name, json_build_array(concat(
  format('CREATE AGGREGATE %I.%I(%s) (SFUNC = %s, STYPE = %s', n.nspname, p.proname,
    coalesce(nullif(pg_get_function_arguments(p.oid), ''), '*'), a.aggtransfn, format_type(a.aggtranstype, NULL)),
  ${part("SSPACE", "a.aggtransspace <> 0", "a.aggtransspace")},
  ${part("FINALFUNC", "a.aggfinalfn <> 0", "a.aggfinalfn")},
  CASE WHEN a.aggfinalextra THEN ', FINALFUNC_EXTRA' END,
  ${part("FINALFUNC_MODIFY", "a.aggfinalfn <> 0", modify("a.aggfinalmodify"))},
  ${part("COMBINEFUNC", "a.aggcombinefn <> 0", "a.aggcombinefn")},
  ${part("SERIALFUNC", "a.aggserialfn <> 0", "a.aggserialfn")},
  ${part("DESERIALFUNC", "a.aggdeserialfn <> 0", "a.aggdeserialfn")},
  ${part("INITCOND", "a.agginitval IS NOT NULL", "quote_literal(a.agginitval)")},
  ${part("MSFUNC", "a.aggmtransfn <> 0", "a.aggmtransfn")},
  ${part("MINVFUNC", "a.aggminvtransfn <> 0", "a.aggminvtransfn")},
  ${part("MSTYPE", "a.aggmtranstype <> 0", "format_type(a.aggmtranstype, NULL)")},
  ${part("MSSPACE", "a.aggmtransspace <> 0", "a.aggmtransspace")},
  ${part("MFINALFUNC", "a.aggmfinalfn <> 0", "a.aggmfinalfn")},
  CASE WHEN a.aggmfinalextra THEN ', MFINALFUNC_EXTRA' END,
  ${part("MFINALFUNC_MODIFY", "a.aggmfinalfn <> 0", modify("a.aggmfinalmodify"))},
  ${part("MINITCOND", "a.aggminitval IS NOT NULL", "quote_literal(a.aggminitval)")},
  CASE p.proparallel WHEN 's' THEN ', PARALLEL = SAFE' WHEN 'r' THEN ', PARALLEL = RESTRICTED' END, ')')) AS sql
FROM pg_aggregate a JOIN pg_proc p ON p.oid = a.aggfnoid JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE a.aggkind = 'n' AND a.aggsortop = 0 AND ${ofUsers} AND ${notOfExtension("pg_proc", "p.oid")}`;

/** Functions, procedures and aggregates. */
export async function readFunctions(tx: Connection): Promise<FoundObject[]> {
  const found: FoundObject[] = [];
  for (const query of [functions, aggregates]) {
    const { rows } = await tx.query<{ oid: string; name: string; sql: string[] }>(query);
    for (const { oid, name, sql } of rows)
      found.push({ kind: "function", name, of: null, keys: [`pg_proc/${oid}`], sql });
  }
  return found;
}
