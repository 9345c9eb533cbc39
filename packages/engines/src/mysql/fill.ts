import type { Connection, FillRequest } from "@runback/core";
import { fillByTriggers } from "../shared/fill-by-triggers.ts";
import { changeInSets } from "./change-in-sets.ts";
import { id, table } from "./dialect.ts";
import { beginJournal } from "./enroll.ts";

/** In sets where that captures what happens, else by the triggers: half of what they cost. */
export async function fill(tx: Connection, runId: string, request: FillRequest): Promise<number> {
  const { column, value } = request;
  const set = [{ column, value }];
  const written = await changeInSets(tx, runId, {
    ...request,
    set,
    where: `${request.where} AND ${value} IS NOT NULL`,
  });
  return written ?? (await fillByTriggers({ id, table, begin: beginJournal }, tx, runId, request));
}
