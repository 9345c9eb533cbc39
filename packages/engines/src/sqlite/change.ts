import type { ChangeRequest, Connection } from "@runback/core";
import { changeByTriggers } from "../shared/change-by-triggers.ts";
import { changeInSets } from "./change-in-sets.ts";
import { id, table } from "./dialect.ts";

/** In sets where that captures what happens, else by the triggers. */
export async function change(tx: Connection, runId: string, request: ChangeRequest): Promise<number> {
  return (await changeInSets(tx, runId, request)) ?? (await changeByTriggers({ id, table }, tx, request));
}
