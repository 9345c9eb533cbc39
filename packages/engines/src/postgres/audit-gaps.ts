import type { Connection, TableRef } from "@runback/core";
import { table as tableName } from "./dialect.ts";

/**
 * What is missing of an audit table's protection: each trigger by name, present, enabled in every session (replicating ones too), and as it was
 * made with (`tgtype` packs row or statement, before or after, and the events; 58 is BEFORE UPDATE, DELETE and TRUNCATE a
 * statement, 5 is AFTER INSERT a row).
 */
export async function auditGaps(connection: Connection, table: TableRef): Promise<string[]> {
  const found = await connection.query<{ name: string; enabled: boolean; right: boolean }>(
    `SELECT w.name, coalesce(t.tgenabled = 'A', false) AS enabled,
       coalesce(t.tgtype = w.type AND t.tgqual IS NULL AND t.tgattr = ''::int2vector
         AND t.tgfoid = to_regproc(w.function), false) AS right
     FROM (VALUES ('runback_refuse', 58, 'runback.refuse_change'), ('runback_chain', 5, 'runback.chain_entry')) w(name, type, function)
     LEFT JOIN pg_trigger t ON t.tgrelid = to_regclass($1) AND t.tgname = w.name
     ORDER BY w.name DESC`,
    [tableName(table)],
  );
  const purpose: Readonly<Record<string, string>> = {
    runback_refuse: "changes of entries are not refused",
    runback_chain: "new entries do not join the chain",
  };
  return found.rows
    .filter((row) => !row.enabled || !row.right)
    .map((row) => `${purpose[row.name]}: trigger ${row.name} is missing, disabled or another one`);
}
