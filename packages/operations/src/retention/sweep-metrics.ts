import type { Context } from "../context.ts";
import { cutoverTables } from "../cutover/cutover-tables.ts";
import { before, metricsDays, scratchDays } from "./rules.ts";

/**
 * Deletes the hours of what applications reported that are old and of an earlier phase than the one that runs: a gate counts
 * all of its phase, however long that lasts. And the ids of reports, which nobody sends again after a week. Returns how many.
 */
export async function sweepMetrics(
  { engine, clock }: Context,
  dryRun: boolean,
  failed: (what: string, error: unknown) => void,
): Promise<number> {
  const { cutovers, metrics, reports } = cutoverTables(engine.dialect);
  const old: [string, Date][] = [
    [
      `FROM ${metrics} WHERE hour < $1
       AND NOT EXISTS (SELECT 1 FROM ${cutovers} c WHERE c.name = ${metrics}.cutover AND c.since <= ${metrics}.last_at)`,
      before(clock.now(), metricsDays),
    ],
    [`FROM ${reports} WHERE at < $1`, before(clock.now(), scratchDays)],
  ];
  let swept = 0;
  for (const [what, limit] of old) {
    try {
      if (!dryRun) swept += (await engine.query(`DELETE ${what}`, [limit.toISOString()])).count;
      else
        swept += Number(
          (await engine.query<{ n: string | number }>(`SELECT count(*) AS n ${what}`, [limit.toISOString()])).rows[0]!
            .n,
        );
    } catch (error) {
      failed("metrics of cutovers", error);
    }
  }
  return swept;
}
