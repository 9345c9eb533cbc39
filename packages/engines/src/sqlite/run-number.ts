import type { Connection } from "@runback/core";
import { runNumberIn } from "../shared/run-number-in.ts";

/** The small number that journal rows carry for a run id. @throws `RUN_NOT_FOUND` */
export function runNumber(connection: Connection, runId: string): Promise<number> {
  return runNumberIn("runback_runs", connection, runId);
}
