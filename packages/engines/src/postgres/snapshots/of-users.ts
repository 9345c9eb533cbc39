/** How a restore names the schemas it replaced until they are dropped. */
export const replacedPrefix = "runback_before_";

/** Schemas of users, under the alias `n` of pg_namespace: not the system's, nor Runback's own, nor what a restore replaced. */
export const ofUsers = `n.nspname NOT IN ('pg_catalog', 'information_schema', 'runback') AND NOT starts_with(n.nspname::text, 'pg_')
  AND NOT starts_with(n.nspname::text, '${replacedPrefix}')`;

/** Not a member of an extension, which brings it along. */
export function notOfExtension(catalog: string, oid: string): string {
  return `NOT EXISTS (SELECT FROM pg_depend x WHERE x.classid = '${catalog}'::regclass AND x.objid = ${oid} AND x.deptype = 'e')`;
}

/** A name as SQL spells it, with its schema. */
export const qualified = (schema: string, name: string) => `format('%I.%I', ${schema}, ${name})`;
