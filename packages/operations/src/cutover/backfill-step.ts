import type { Connection, Lease, Table } from "@runback/core";
import { appendAudit } from "../audit/append.ts";
import type { Context } from "../context.ts";
import { holdLease } from "../run/lease-guard.ts";
import type { BackfillCheckpoint, FillCheckpoint } from "./backfill-checkpoint.ts";
import type { BackfillInput } from "./backfill-options.ts";
import { givesWay, isHopeless, paceAfter, paceAfterTimeout, pauseAfter, pauseAfterTimeout } from "./backfill-pace.ts";
import type { BackfillSql } from "./backfill-sql.ts";
import { concludeBackfill } from "./conclude-backfill.ts";
import { metLock } from "./met-lock.ts";
import { proveFilled } from "./prove-filled.ts";
import { rest } from "./rest.ts";

/** What every step of one process works with. */
export interface Filling {
  readonly table: Table;
  readonly legacy: string;
  readonly column: string;
  readonly sql: BackfillSql;
  readonly input: BackfillInput;
  readonly runId: string;
  readonly lease: Lease;
  readonly seen: {
    /** As it was last committed. Nobody else moves it while this process has the lease. */
    checkpoint: BackfillCheckpoint;
    /** Known only once a step has committed, and noted with the next one. */
    commitMs: number;
    longestStepMs: number;
  };
}

/** One bounded step of a backfill: whatever its checkpoint says comes next. True when the run is complete. */
export async function backfillStep(context: Context, filling: Filling): Promise<boolean> {
  const { checkpoint } = filling.seen;
  if (checkpoint.phase === "evidence") return await concludeBackfill(context, filling, checkpoint);
  filling.seen.checkpoint = checkpoint.ended
    ? await proveFilled(context, filling, checkpoint)
    : await fillOrGiveWay(context, filling, checkpoint);
  return false;
}

/** Fills the next window of the key. With somebody else's lock in it, it is half as large next time, or left for later. */
async function fillOrGiveWay(context: Context, filling: Filling, checkpoint: FillCheckpoint): Promise<FillCheckpoint> {
  const { engine } = context;
  const { runId, lease, input } = filling;
  try {
    const next = await fillWindow(context, filling, checkpoint);
    context.onProgress?.({ runId, phase: "backfill", done: next.filled, total: Math.max(next.total, next.filled) });
    await rest(next.pausedMs - checkpoint.pausedMs, context.signal);
    return next;
  } catch (error) {
    if (!metLock(error) || isHopeless(checkpoint.pace)) throw error;
    const pace = paceAfterTimeout(checkpoint.pace);
    const pauseMs = pauseAfterTimeout(pace);
    const paused = {
      ...checkpoint,
      pace,
      lockTimeouts: checkpoint.lockTimeouts + 1,
      pausedMs: checkpoint.pausedMs + pauseMs,
    };
    const note = engine.transaction(
      async (tx) => {
        const moved = givesWay(pace) ? await leaveForLater(context, tx, filling, paused) : paused;
        await holdLease(context, tx, lease);
        await engine.store.updateRun(tx, runId, { checkpoint: moved });
        return moved;
      },
      { lockTimeoutMs: input.stepMs },
    );
    // Where somebody has the whole file, nothing can be noted either; the next step that commits notes it.
    const next = await note.catch((failed: unknown) => {
      if (metLock(failed)) return paused;
      throw failed;
    });
    await rest(pauseMs, context.signal);
    return next;
  }
}

async function fillWindow(
  context: Context,
  { table, column, sql, input, runId, lease, seen }: Filling,
  checkpoint: FillCheckpoint,
): Promise<FillCheckpoint> {
  const { engine, clock } = context;
  const rows = context.stepRows ?? checkpoint.pace.rows;
  let began = 0;
  let ready = 0;
  const next = await engine.transaction(
    async (tx) => {
      began = clock.now().getTime();
      const { where, params, through } = await windowOf(context, tx, table, checkpoint.after, rows);
      const request = { table, column, value: sql.code, where: [...where, sql.unset].join(" AND "), params };
      const filled = await engine.journal.fill(tx, runId, request);
      const { waiting, others, commits } = await engine.pressure(tx, checkpoint.commits);
      await holdLease(context, tx, lease);
      ready = clock.now().getTime();
      const ms = ready - began + seen.commitMs;
      const crowded = (waiting ?? 0) > 0 || others;
      const took = { rows, filled, ms, crowded, blind: waiting === null };
      const moved: FillCheckpoint = {
        ...checkpoint,
        ...(through === null ? { ended: true } : { after: through }),
        pace: paceAfter(checkpoint.pace, took, input.stepMs),
        commits,
        filled: checkpoint.filled + filled,
        passFilled: checkpoint.passFilled + filled,
        steps: checkpoint.steps + 1,
        longestStepMs: Math.max(checkpoint.longestStepMs, seen.longestStepMs),
        pausedMs: checkpoint.pausedMs + Math.round(pauseAfter(checkpoint.pace, took)),
      };
      await engine.store.updateRun(tx, runId, { checkpoint: moved, addRows: filled });
      if (filled > 0) {
        await engine.store.addStep(tx, { runId, name: column, rows: filled, durationMs: ms });
        await appendAudit(tx, engine.dialect, input.auditTable, "migration:step", {
          run_id: runId,
          entity: table.name,
          pass: checkpoint.pass,
          updated: filled,
        });
      }
      return moved;
    },
    { lockTimeoutMs: input.stepMs },
  );
  const ended = clock.now().getTime();
  seen.commitMs = ended - ready;
  seen.longestStepMs = Math.max(seen.longestStepMs, ended - began);
  return next;
}

/** The smallest window still holds somebody's lock: its rows come in the next pass, and the others before them. */
async function leaveForLater(
  context: Context,
  tx: Connection,
  { table }: Filling,
  checkpoint: FillCheckpoint,
): Promise<FillCheckpoint> {
  const { through } = await windowOf(context, tx, table, checkpoint.after, checkpoint.pace.rows);
  return {
    ...checkpoint,
    ...(through === null ? { ended: true } : { after: through }),
    passSkipped: checkpoint.passSkipped + 1,
  };
}

/** The next so many rows of the table in the order of its key; without an upper bound where fewer are left. */
async function windowOf(
  { engine }: Pick<Context, "engine">,
  tx: Connection,
  table: Table,
  after: readonly string[] | null,
  rows: number,
): Promise<{ where: string[]; params: string[]; through: readonly string[] | null }> {
  const { keyset, dialect } = engine;
  const lower = after === null ? [] : [keyset.compare("t", table, ">", 1)];
  const params = [...(after ?? [])];
  const last = await tx.query<Record<string, string>>(
    `SELECT ${keyset.values("t", table)} FROM ${dialect.table(table)} t ${after === null ? "" : `WHERE ${lower[0]}`}
     ORDER BY ${keyset.order("t", table)} LIMIT 1 OFFSET ${rows - 1}`,
    params,
  );
  const found = last.rows[0];
  if (found === undefined) return { where: lower, params, through: null };
  const through = table.primaryKey.map((_, at) => String(found[`k${at}`]));
  const where = [...lower, keyset.compare("t", table, "<=", params.length + 1)];
  return { where, params: [...params, ...through], through };
}
