import { qualifiedName } from "@runback/core";
import type { Context } from "../context.ts";
import { assertRunbook } from "./backfill.ts";
import { countByCode, quarantine } from "./backfill-counts.ts";
import { type BackfillOptions, defaultStepMs } from "./backfill-options.ts";
import type { BackfillPlan } from "./backfill-result.ts";
import { backfillSql } from "./backfill-sql.ts";
import { cutoverTable } from "./cutover-table.ts";
import { dualWrite } from "./dual-write.ts";
import { estimateBackfill } from "./estimate-backfill.ts";

/** What a backfill would do, with nothing written. @throws `CUTOVER_NOT_PREPARED`, `CUTOVER_NO_RUNBOOK`, `DUAL_WRITE_OFF` */
export async function planBackfill(
  context: Pick<Context, "engine" | "clock">,
  { cutover, runbookCompat, stepMs = defaultStepMs }: Omit<BackfillOptions, "operator" | "auditTable">,
): Promise<BackfillPlan> {
  const { engine, clock } = context;
  const began = clock.now().getTime();
  assertRunbook(cutover, runbookCompat);
  await engine.init();
  const table = await cutoverTable(context, cutover);
  const told = await dualWrite(context, cutover);
  const sql = backfillSql(cutover, engine.dialect, runbookCompat);
  const counts = await engine.transaction(
    async (tx) => {
      const counted = await tx.query<{ n: string }>(
        `SELECT ${engine.dialect.cast("count(*)", "text")} AS n FROM ${engine.dialect.table(table)}`,
      );
      const codes = await countByCode(tx, engine.dialect, table, cutover.column, sql);
      const toFill = Object.values(codes).reduce((sum, rows) => sum + rows, 0);
      return {
        rows: Number(counted.rows[0]!.n),
        toFill,
        codes,
        ...(await quarantine(tx, engine.dialect, table, cutover.legacy, sql)),
        advice: toFill === 0 ? [] : ((await engine.updateAdvice?.(tx, table, cutover.column)) ?? []),
      };
    },
    { isolation: "snapshot", readOnly: true, bulk: true },
  );
  return {
    ...{ runId: null, dryRun: true, cutover: cutover.name, table: qualifiedName(table), column: cutover.column },
    ...{ runbookCompat, dualWrite: told },
    ...counts,
    ...(await estimateBackfill(context, { table, migration: cutover.name, toFill: counts.toFill, stepMs })),
    durationMs: clock.now().getTime() - began,
  };
}
