import type { Context } from "../context.ts";
import { cutoverTables } from "../cutover/cutover-tables.ts";
import { before, cleanMonitorDays } from "./rules.ts";

/**
 * Deletes what monitors of cutovers found in order long ago: one a minute is half a million a year. What they found wrong,
 * gates and moves stay. Returns how many.
 */
export async function sweepEvidence(
  { engine, clock }: Context,
  dryRun: boolean,
  failed: (what: string, error: unknown) => void,
): Promise<number> {
  const { evidence } = cutoverTables(engine.dialect);
  const old = `FROM ${evidence} WHERE kind = 'monitor' AND outcome = 'clean' AND at < $1`;
  const limit = before(clock.now(), cleanMonitorDays).toISOString();
  try {
    if (!dryRun) return (await engine.query(`DELETE ${old}`, [limit])).count;
    const { rows } = await engine.query<{ n: string | number }>(`SELECT count(*) AS n ${old}`, [limit]);
    return Number(rows[0]!.n);
  } catch (error) {
    failed("evidence of cutovers", error);
    return 0;
  }
}
