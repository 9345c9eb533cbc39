import type { ChangeRequest, Connection, TableRef } from "@runback/core";

interface Spelling {
  id(name: string): string;
  table(ref: TableRef): string;
}

/** Changes the rows in a transaction in which the run is named: the capture triggers journal them. */
export async function changeByTriggers(
  { id, table: tableName }: Spelling,
  tx: Connection,
  { table, set, where, params }: ChangeRequest,
): Promise<number> {
  const sets = set.map(({ column, value }) => `${id(column)} = ${value}`);
  return (await tx.query(`UPDATE ${tableName(table)} AS t SET ${sets.join(", ")} WHERE ${where}`, params)).count;
}
