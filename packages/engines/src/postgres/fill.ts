import type { Connection, FillRequest } from "@runback/core";
import { id, table as tableName } from "./dialect.ts";
import { beginJournal } from "./enroll.ts";

/**
 * The capture triggers journal a statement as a whole here. Doing it in the same statement instead, from the rows it
 * returns, cost as much: 16.6 against 16.8 microseconds of processor time a row (13 without a journal).
 */
export async function fill(tx: Connection, runId: string, request: FillRequest): Promise<number> {
  const { table, column, value, where, params } = request;
  await beginJournal(tx, runId);
  const update = `UPDATE ${tableName(table)} AS t SET ${id(column)} = ${value} WHERE ${where}`;
  return (await tx.query(update, params)).count;
}
