import type { Context } from "../context.ts";
import { type AlertRow, alertOf } from "./alert-row.ts";
import { alertTables } from "./alert-tables.ts";
import { resolveAlert } from "./raise-alert.ts";
import { checkOf } from "./run-alert.ts";

/**
 * Resolves alerts of runs that completed after all: the process that completed one may have died before it came to that, and
 * nobody runs it again.
 */
export async function resolveEndedRuns({ engine, clock }: Pick<Context, "engine" | "clock">): Promise<void> {
  const { alerts } = alertTables(engine.dialect);
  const { rows } = await engine.query<AlertRow>(
    `SELECT * FROM ${alerts} WHERE open_key IS NOT NULL AND run_id IS NOT NULL`,
  );
  for (const { id, check, target, runId } of rows.map(alertOf)) {
    const run = await engine.store.run(engine, runId!);
    if (run?.state !== "completed" || checkOf(run) !== check) continue;
    await engine.transaction(async (tx) => {
      // Unless another run failed meanwhile: the alert is that one's now.
      const same = await tx.query(`SELECT id FROM ${alerts} WHERE id = $1 AND run_id = $2 ${engine.dialect.rowLock}`, [
        id,
        runId!,
      ]);
      if (same.rows.length > 0) await resolveAlert(tx, engine.dialect, { check, target }, clock.now());
    });
  }
}
