import postgres from "postgres";

/** Drops every database whose name begins so, templates and databases in use included; answers with their names. */
export async function dropDatabases(adminUrl: string, prefix: string): Promise<string[]> {
  const sql = postgres(adminUrl, { max: 1, onnotice: () => {} });
  try {
    const found = await sql<
      { datname: string }[]
    >`SELECT datname FROM pg_database WHERE starts_with(datname, ${prefix})`;
    for (const { datname } of found) {
      await sql`ALTER DATABASE ${sql(datname)} WITH IS_TEMPLATE false`;
      await sql`DROP DATABASE IF EXISTS ${sql(datname)} WITH (FORCE)`;
    }
    return found.map(({ datname }) => datname).sort();
  } finally {
    await sql.end();
  }
}
