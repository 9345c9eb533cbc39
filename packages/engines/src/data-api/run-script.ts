import type { Value } from "@runback/core";

type Execute = (sql: string, values: readonly Value[]) => Promise<unknown>;

/**
 * Any number of statements. The service takes one a call, so the script travels as a value and the database itself takes it
 * apart, as it does for every other driver: no bodies of functions, quotes or comments to be misread here, no limit of
 * 65,536 characters, and one round trip instead of one a statement.
 */
export async function runScript(execute: Execute, script: string): Promise<void> {
  await execute("SELECT pg_catalog.length(pg_catalog.set_config('runback.script', $1, true)) AS characters", [script]);
  await execute("DO $runback$ BEGIN EXECUTE pg_catalog.current_setting('runback.script'); END $runback$", []);
}
