import { sqlitePath } from "./sqlite-path.ts";

/**
 * Where a program finds the file, and which run it writes for. Nothing in a SQLite session can name a run, so none is
 * opened to see: the run is named in the file, for every session, while the program runs.
 */
export async function sessionEnvironment(url: string, runId: string): Promise<Readonly<Record<string, string>>> {
  return { DATABASE_URL: url, RUNBACK_RUN_ID: runId, RUNBACK_DATABASE_FILE: sqlitePath(url) };
}
