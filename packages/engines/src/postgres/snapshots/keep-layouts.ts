import type { Connection, TableRef } from "@runback/core";
import type { RenamedSchema } from "./replace-contents.ts";

const moved = `moved AS (
  SELECT o.oid AS old, c.oid AS new, n.nspname::text AS schema, c.relname::text AS name
  FROM jsonb_to_recordset($1::jsonb) AS r(name text, now text)
  JOIN pg_namespace os ON os.nspname = r.now JOIN pg_class o ON o.relnamespace = os.oid AND o.relkind IN ('r', 'p')
  JOIN pg_namespace n ON n.nspname = r.name JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = o.relname AND c.relkind IN ('r', 'p')
)`;

/** Tables that are journaled now, by the names they will have. */
export async function layoutTables(tx: Connection, old: readonly RenamedSchema[]): Promise<TableRef[]> {
  const { rows } = await tx.query<TableRef>(
    `WITH ${moved} SELECT m.schema, m.name FROM moved m JOIN runback.layouts l ON l.relation = m.old WHERE l.current`,
    [JSON.stringify(old)],
  );
  return rows;
}

/**
 * The journal survives a restore: what it knows of a table is about the table that comes in its place. Columns are followed by
 * name, since a table that was made anew numbers them anew; one that is gone gets a number no column has.
 */
export async function keepLayouts(tx: Connection, old: readonly RenamedSchema[]): Promise<void> {
  const number = (
    then: string,
  ) => `coalesce((SELECT b.attnum FROM pg_attribute a JOIN pg_attribute b ON b.attrelid = m.new
    AND b.attname = a.attname AND NOT b.attisdropped WHERE a.attrelid = m.old AND a.attnum = ${then} AND NOT a.attisdropped), 0)`;
  await tx.query(
    `WITH ${moved} UPDATE runback.layouts l SET relation = m.new, current = false,
       columns = (SELECT coalesce(jsonb_agg(jsonb_set(e.value, '{number}', to_jsonb(${number("(e.value ->> 'number')::int")})) ORDER BY e.ordinality), '[]')
         FROM jsonb_array_elements(l.columns) WITH ORDINALITY e),
       key = (SELECT coalesce(jsonb_agg(${number("(e.value #>> '{}')::int")} ORDER BY e.ordinality), '[]')
         FROM jsonb_array_elements(l.key) WITH ORDINALITY e)
     FROM moved m WHERE l.relation = m.old`,
    [JSON.stringify(old)],
  );
}
