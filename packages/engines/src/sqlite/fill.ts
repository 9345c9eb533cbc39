import type { Connection, FillRequest } from "@runback/core";
import { fillByTriggers } from "../shared/fill-by-triggers.ts";
import { id, table } from "./dialect.ts";
import { beginJournal } from "./enroll.ts";

/**
 * Triggers are part of the statement's own program here. Writing the images of all rows in a statement before it cost as
 * much: 7.1 against 7.1 microseconds of processor time a row, 2.9 without a journal.
 */
export const fill = (tx: Connection, runId: string, request: FillRequest) =>
  fillByTriggers({ id, table, begin: beginJournal }, tx, runId, request);
