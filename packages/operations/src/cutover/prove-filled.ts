import { RunbackError } from "@runback/core";
import type { Context } from "../context.ts";
import { holdLease } from "../run/lease-guard.ts";
import type { EvidenceCheckpoint, FillCheckpoint } from "./backfill-checkpoint.ts";
import { countByCode, quarantine } from "./backfill-counts.ts";
import type { Filling } from "./backfill-step.ts";

/** Rows that keep coming after so many passes are written by somebody who does not set the new column. */
const passesAtMost = 10;

/**
 * The end of a pass: one scan says whether a row is left that could be filled. If so the next pass begins.
 *
 * @throws `BACKFILL_OUTRUN`, `LOCK_TIMEOUT`
 */
export async function proveFilled(
  context: Context,
  filling: Filling,
  checkpoint: FillCheckpoint,
): Promise<FillCheckpoint | EvidenceCheckpoint> {
  const { engine, clock } = context;
  const { table, column, legacy, sql, runId, lease, seen } = filling;
  const { left, quarantined } = await engine.transaction(
    async (tx) => {
      const codes = await countByCode(tx, engine.dialect, table, column, sql);
      return {
        left: Object.values(codes).reduce((sum, rows) => sum + rows, 0),
        quarantined: await quarantine(tx, engine.dialect, table, legacy, sql),
      };
    },
    { isolation: "snapshot", readOnly: true, bulk: true },
  );
  const longestStepMs = Math.max(checkpoint.longestStepMs, seen.longestStepMs);
  const { filled, steps, lockTimeouts, pausedMs, pass } = checkpoint;
  const common = { filled, steps, lockTimeouts, pausedMs, pass, longestStepMs };
  const next: FillCheckpoint | EvidenceCheckpoint =
    left === 0
      ? { phase: "evidence", ...common, ...quarantined, completedAt: clock.now().toISOString() }
      : { ...checkpoint, ...common, pass: pass + 1, after: null, ended: false, passFilled: 0, passSkipped: 0 };
  await engine.transaction(async (tx) => {
    await holdLease(context, tx, lease);
    await engine.store.updateRun(tx, runId, { checkpoint: next });
  });
  if (left === 0) return next;
  if (checkpoint.passSkipped > 0 && checkpoint.passFilled === 0) throw allLocked(runId);
  if (pass >= passesAtMost) {
    throw new RunbackError(
      "BACKFILL_OUTRUN",
      `After ${pass} passes ${left} row(s) still have no ${column}: rows come in faster than they are filled.`,
      {
        recovery: `Committed steps are kept. Have every writer set both columns (dual write, or the bridge), then go on with \`runback cutover backfill … --resume ${runId}\`.`,
        status: 409,
        details: { remaining: left },
      },
    );
  }
  return next;
}

/** Ends the attempt: every row that is left is locked by somebody else. */
function allLocked(runId: string): RunbackError {
  return new RunbackError("LOCK_TIMEOUT", "The rows that are left to fill are locked by other sessions.", {
    recovery: `Committed steps are kept. Look for long transactions on the target, then go on with \`runback cutover backfill … --resume ${runId}\`.`,
    status: 409,
  });
}
