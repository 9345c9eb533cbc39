import type { Connection, TableRef } from "@runback/core";
import { auditTriggers } from "./protect-audit.ts";

/** What is missing of an audit table's protection: each trigger by name, there and with the very text it was made with. */
export async function auditGaps(connection: Connection, table: TableRef): Promise<string[]> {
  const gaps: string[] = [];
  for (const [name, text] of auditTriggers(table)) {
    const found = await connection.query<{ sql: string }>(
      "SELECT sql FROM sqlite_schema WHERE type = 'trigger' AND name = $1",
      [name],
    );
    if (found.rows[0]?.sql === text) continue;
    const what = name.startsWith("runback_chain")
      ? "new entries do not join the chain"
      : "changes of entries are not refused";
    gaps.push(`${what}: trigger ${name} is missing or another one`);
  }
  return gaps;
}
