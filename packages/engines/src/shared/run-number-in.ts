import { type Connection, RunbackError } from "@runback/core";

/** The small number that journal rows carry for a run id, read from the engine's table of runs. @throws `RUN_NOT_FOUND` */
export async function runNumberIn(runs: string, connection: Connection, runId: string): Promise<number> {
  const found = await connection.query<{ num: number }>(`SELECT num FROM ${runs} WHERE run_id = $1`, [runId]);
  const row = found.rows[0];
  if (row) return row.num;
  throw new RunbackError("RUN_NOT_FOUND", `There is no run ${runId} on this target.`, {
    recovery: "List the runs with `runback runs`, and check that --target names the database the run changed.",
    status: 404,
  });
}
