import type { Connection } from "@runback/core";
import { notOfExtension, ofUsers } from "./of-users.ts";

/** Who owns what, who may do what, and which rows they see. Applied where the roles are: in the target itself. */
export interface AccessStatement {
  /** The relation it belongs to; null for others. */
  readonly of: string | null;
  readonly sql: string;
}

const role = (oid: string) => `CASE ${oid} WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(${oid})) END`;

// pg_identify_object spells each object; a column's privileges are listed with its table.
const objects = `
objects AS (
  SELECT 'pg_class'::regclass AS class, c.oid, c.relowner AS owner, c.relacl AS acl, format('%I.%I', n.nspname, c.relname) AS of,
    CASE c.relkind WHEN 'S' THEN 'SEQUENCE' WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE 'TABLE' END AS kind,
    CASE c.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END AS grants,
    acldefault(CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", c.relowner) AS usual,
    -- A sequence of a table follows its table's owner, and is not asked for itself.
    EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.refclassid = 'pg_class'::regclass
      AND d.deptype IN ('a', 'i')) AND c.relkind = 'S' AS follows
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S') AND ${ofUsers} AND ${notOfExtension("pg_class", "c.oid")}
  UNION ALL SELECT 'pg_namespace'::regclass, n.oid, n.nspowner, n.nspacl, NULL, 'SCHEMA', 'SCHEMA', acldefault('n', n.nspowner), false
  FROM pg_namespace n WHERE ${ofUsers} AND ${notOfExtension("pg_namespace", "n.oid")}
  UNION ALL SELECT 'pg_proc'::regclass, p.oid, p.proowner, p.proacl, NULL, CASE p.prokind WHEN 'a' THEN 'AGGREGATE' WHEN 'p' THEN 'PROCEDURE' ELSE 'FUNCTION' END,
    CASE p.prokind WHEN 'p' THEN 'PROCEDURE' ELSE 'FUNCTION' END, acldefault('f', p.proowner), false
  FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE ${ofUsers} AND ${notOfExtension("pg_proc", "p.oid")}
    AND NOT EXISTS (SELECT FROM pg_depend i WHERE i.classid = 'pg_proc'::regclass AND i.objid = p.oid AND i.deptype = 'i')
  UNION ALL SELECT 'pg_type'::regclass, t.oid, t.typowner, t.typacl, NULL, CASE t.typtype WHEN 'd' THEN 'DOMAIN' ELSE 'TYPE' END, 'TYPE',
    acldefault('T', t.typowner), false
  FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace LEFT JOIN pg_class c ON c.oid = t.typrelid
  WHERE (t.typtype IN ('e', 'd', 'r') OR c.relkind = 'c') AND ${ofUsers} AND ${notOfExtension("pg_type", "t.oid")}
)`;

const owners = `WITH ${objects}
SELECT o.of, format('ALTER %s %s OWNER TO %I', o.kind, i.identity, pg_get_userbyid(o.owner)) AS sql
FROM objects o CROSS JOIN LATERAL pg_identify_object(o.class, o.oid, 0) i WHERE NOT o.follows ORDER BY o.kind, i.identity`;

// Rights in another order are the same rights.
const sorted = (acl: string) => `(SELECT array_agg(a::text ORDER BY a::text) FROM unnest(${acl}) a)`;
const unusual = `o.acl IS NOT NULL AND ${sorted("o.acl")} IS DISTINCT FROM ${sorted("o.usual")}`;

// Everything the owner and PUBLIC have by default is revoked first, then what there is is granted, so that nothing is left over.
const grants = `WITH ${objects}, granted AS (
  SELECT o.of, o.grants, i.identity, a.* FROM objects o CROSS JOIN LATERAL pg_identify_object(o.class, o.oid, 0) i
  CROSS JOIN LATERAL aclexplode(o.acl) a WHERE ${unusual}
)
SELECT o.of, format('REVOKE ALL ON %s %s FROM PUBLIC, %I', o.grants, i.identity, pg_get_userbyid(o.owner)) AS sql, 0 AS at
FROM objects o CROSS JOIN LATERAL pg_identify_object(o.class, o.oid, 0) i WHERE ${unusual}
UNION ALL
SELECT of, format('GRANT %s ON %s %s TO %s%s', privilege_type, grants, identity, ${role("grantee")},
  CASE WHEN is_grantable THEN ' WITH GRANT OPTION' END), 1 FROM granted
UNION ALL
SELECT format('%I.%I', n.nspname, c.relname), format('GRANT %s (%I) ON TABLE %I.%I TO %s%s', a.privilege_type, t.attname, n.nspname, c.relname,
  ${role("a.grantee")}, CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' END), 2
FROM pg_attribute t JOIN pg_class c ON c.oid = t.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
CROSS JOIN LATERAL aclexplode(t.attacl) a
WHERE t.attnum > 0 AND NOT t.attisdropped AND ${ofUsers} AND ${notOfExtension("pg_class", "c.oid")}
ORDER BY at, sql`;

const policies = `
SELECT format('%I.%I', n.nspname, c.relname) AS of, concat(format('CREATE POLICY %I ON %I.%I AS %s FOR %s TO %s', p.polname, n.nspname, c.relname,
    CASE WHEN p.polpermissive THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END,
    CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' ELSE 'ALL' END,
    (SELECT string_agg(${role("r.oid")}, ', ') FROM unnest(p.polroles) r(oid))),
  ' USING (' || pg_get_expr(p.polqual, p.polrelid) || ')',
  ' WITH CHECK (' || pg_get_expr(p.polwithcheck, p.polrelid) || ')') AS sql
FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE ${ofUsers} ORDER BY 2`;

const roles = `WITH ${objects}, used AS (
  SELECT owner AS oid FROM objects UNION SELECT a.grantee FROM objects o CROSS JOIN LATERAL aclexplode(o.acl) a
  UNION SELECT a.grantee FROM pg_attribute t JOIN pg_class c ON c.oid = t.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    CROSS JOIN LATERAL aclexplode(t.attacl) a WHERE ${ofUsers}
  UNION SELECT r FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid JOIN pg_namespace n ON n.oid = c.relnamespace, unnest(p.polroles) r
    WHERE ${ofUsers}
)
SELECT pg_get_userbyid(oid)::text AS role FROM used WHERE oid <> 0 ORDER BY 1`;

export async function readAccess(
  tx: Connection,
): Promise<{ readonly roles: readonly string[]; readonly statements: readonly AccessStatement[] }> {
  const named = await tx.query<{ role: string }>(roles);
  const statements: AccessStatement[] = [];
  // Owners last: whoever gives a table away may no longer grant on it.
  for (const query of [policies, grants, owners]) {
    const { rows } = await tx.query<{ of: string | null; sql: string }>(query);
    statements.push(...rows.map(({ of, sql }) => ({ of, sql })));
  }
  return { roles: named.rows.map((row) => row.role), statements };
}
