import { type Engine, qualifiedName } from "@runback/core";

/** Content of every table of a target, Runback's own included: equal texts, nothing was written anywhere. */
export async function tableDigests(engine: Engine, only: (name: string) => boolean = () => true) {
  const { rows } = await engine.query<{ schema: string; name: string }>(
    `SELECT schemaname AS schema, tablename AS name FROM pg_tables
     WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1, 2`,
  );
  const digests: Record<string, string> = {};
  for (const table of rows.filter((each) => only(qualifiedName(each)))) {
    const content = await engine.query<{ digest: string }>(
      `SELECT concat(count(*), ' ', encode(sha256(coalesce(string_agg(record_send(t), '' ORDER BY record_send(t)), '')), 'hex')) AS digest
       FROM ${engine.dialect.table(table)} t`,
    );
    digests[qualifiedName(table)] = content.rows[0]!.digest;
  }
  return digests;
}

/** What a rollback gives back to the byte: everything but the record of what happened. */
export function applicationTables(name: string): boolean {
  return !name.startsWith("runback.") && name !== "AuditLog";
}
