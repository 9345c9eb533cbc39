import type { Connection, FillRequest } from "@runback/core";
import { fillByTriggers } from "../shared/fill-by-triggers.ts";
import { changeInSets } from "./change-in-sets.ts";
import { id, table } from "./dialect.ts";
import { beginJournal } from "./enroll.ts";

/** In sets where that captures what happens, else by the triggers. */
export async function fill(tx: Connection, runId: string, request: FillRequest): Promise<number> {
  const { column, value } = request;
  // Named for the triggers of other tables as well: those that follow this one by foreign key are captured by their own.
  await beginJournal(tx, runId);
  const written = await changeInSets(tx, runId, { ...request, set: [{ column, value }] }, true);
  return written ?? (await fillByTriggers({ id, table, begin: beginJournal }, tx, runId, request));
}
