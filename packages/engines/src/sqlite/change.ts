import type { ChangeRequest, Connection } from "@runback/core";
import { changeByTriggers } from "../shared/change-by-triggers.ts";
import { id, table } from "./dialect.ts";

/** By the capture triggers. */
export const change = (tx: Connection, _runId: string, request: ChangeRequest) =>
  changeByTriggers({ id, table }, tx, request);
