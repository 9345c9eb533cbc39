import type { Connection, FillRequest, TableRef } from "@runback/core";

interface Spelling {
  id(name: string): string;
  table(ref: TableRef): string;
  begin(tx: Connection, runId: string): Promise<void>;
}

/** Names the run and changes the rows: the capture triggers journal them. */
export async function fillByTriggers(
  { id, table: tableName, begin }: Spelling,
  tx: Connection,
  runId: string,
  { table, column, value, where, params }: FillRequest,
): Promise<number> {
  await begin(tx, runId);
  const update = `UPDATE ${tableName(table)} AS t SET ${id(column)} = ${value} WHERE ${where} AND ${value} IS NOT NULL`;
  return (await tx.query(update, params)).count;
}
