import type { Connection, TableRef } from "@runback/core";
import { auditShape, auditTriggers, guardTable, physicalName } from "./audit-entry.ts";

/** What is missing of an audit table's protection: each trigger by name, event and text, and what keeps TRUNCATE out. */
export async function auditGaps(connection: Connection, table: TableRef): Promise<string[]> {
  const shape = await auditShape(connection, table);
  const { rows } = await connection.query<{ name: string; timing: string; event: string; body: string }>(
    `SELECT trigger_name AS name, action_timing AS timing, event_manipulation AS event, action_statement AS body
     FROM information_schema.triggers WHERE event_object_schema = database() AND event_object_table = $1`,
    [physicalName(table)],
  );
  const gaps = auditTriggers(table, shape?.columns ?? [])
    .filter(({ name, timing, event, body }) => {
      const found = rows.find((row) => row.name === name);
      return found?.timing !== timing || found.event !== event || found.body.trim() !== body;
    })
    .map(({ name, purpose }) => `${purpose}: trigger ${name} is missing or another one`);
  const guard = await connection.query(
    `SELECT 1 FROM information_schema.referential_constraints
     WHERE constraint_schema = database() AND table_name = $1 AND referenced_table_name = $2`,
    [guardTable(table), physicalName(table)],
  );
  if (guard.count === 0)
    gaps.push(`TRUNCATE is not refused: no foreign key of ${guardTable(table)} references the table`);
  return [...new Set(gaps)];
}
