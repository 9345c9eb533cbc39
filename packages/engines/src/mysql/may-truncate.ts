import type { Connection } from "@runback/core";

/**
 * Accounts and roles that may drop tables of the target's database, as far as this user may see: TRUNCATE asks for DROP, and no
 * trigger sees it. What keeps it out is a table that references the audit table, which the same right drops. Rights add up
 * here, so that none of them can be taken away for one table.
 */
export async function mayTruncate(connection: Connection): Promise<readonly string[]> {
  const { rows } = await connection.query<{ account: string }>(
    `SELECT grantee AS account FROM information_schema.user_privileges WHERE privilege_type = 'DROP'
     UNION SELECT grantee FROM information_schema.schema_privileges WHERE privilege_type = 'DROP' AND database() LIKE table_schema
     UNION SELECT grantee FROM information_schema.table_privileges WHERE privilege_type = 'DROP' AND table_schema = database()
     ORDER BY account`,
  );
  return rows.map(({ account }) => account);
}
