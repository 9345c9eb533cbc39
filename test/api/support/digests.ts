import postgres from "postgres";

/**
 * A digest of every table's content, own tables included: equal objects mean that nothing was written. The claims of
 * idempotency keys are left out, since a request that is refused takes and gives back one.
 */
export async function tableDigests(url: string): Promise<Record<string, string>> {
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  try {
    const tables = await sql<{ name: string }[]>`
      SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables
      WHERE schemaname NOT IN ('pg_catalog', 'information_schema') AND tablename <> 'leases' ORDER BY 1`;
    const digests: Record<string, string> = {};
    for (const { name } of tables) {
      const [row] = await sql.unsafe(
        `SELECT count(*) || ':' || coalesce(md5(string_agg(t::text, chr(10) ORDER BY t::text)), '') AS digest FROM ${name} t`,
      );
      digests[name] = row!.digest as string;
    }
    return digests;
  } finally {
    await sql.end();
  }
}

/** One statement against the site's database. */
export async function query(url: string, text: string): Promise<postgres.Row[]> {
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  try {
    return await sql.unsafe(text);
  } finally {
    await sql.end();
  }
}
