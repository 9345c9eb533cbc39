import { setTimeout as sleep } from "node:timers/promises";
import {
  type ColumnCutover,
  type Connection,
  type CutoverStep,
  findTable,
  qualifiedName,
  RunbackError,
  type Table,
} from "@runback/core";
import type { Context } from "../context.ts";

/** Who waits for the strongest lock keeps everybody behind it waiting too: so not for long, and again a little later. */
const patienceMs = 2_000;
const attempts = 8;
const longestPauseMs = 8_000;

export interface ApplyDdlOptions {
  /** Milliseconds a statement waits for a lock; 2,000. */
  readonly lockTimeoutMs?: number;
  /** For tests: pauses that take no time. */
  readonly pause?: (ms: number) => Promise<unknown>;
}

/**
 * Makes the schema changes of a phase and writes down that they are made. Where DDL is transactional that is one
 * transaction: all of it or nothing. Elsewhere each statement commits by itself; what is done already is found in the
 * catalog and left, so that the same call goes on where a crash ended the last one.
 *
 * @param record writes where the cutover stands, in the transaction of the changes or, where there is none, after them
 * @throws `LOCK_TIMEOUT` after eight tries, `COLUMN_HAS_NULLS`, `COLUMN_NOT_REDEFINED`, `TABLE_MISSING`, `STOPPED`
 */
export async function applyDdl(
  context: Context,
  cutover: ColumnCutover,
  steps: readonly CutoverStep[],
  record: (tx: Connection) => Promise<void>,
  options: ApplyDdlOptions = {},
): Promise<void> {
  const { engine } = context;
  const transaction = (work: (tx: Connection) => Promise<void>) =>
    patiently(context, cutover, options, () => engine.reshape.transaction(work, options.lockTimeoutMs ?? patienceMs));
  if (engine.capabilities.transactionalDdl) {
    await transaction(async (tx) => {
      for (const step of steps) await applyStep(context, tx, cutover, step);
      await record(tx);
    });
    return;
  }
  const make = async (each: CutoverStep) => await transaction((tx) => applyStep(context, tx, cutover, each));
  for (const step of steps) await make(step);
  await transaction(record);
}

async function applyStep({ engine }: Context, tx: Connection, cutover: ColumnCutover, step: CutoverStep) {
  const table = liveTable(findTable(await engine.catalog(tx), qualifiedName(cutover.table)), cutover);
  if (step.kind === "redefine") await engine.reshape.setNullable(tx, table, step.column, step.nullable);
  else await engine.reshape.alter(tx, table, step.sql, step.effect);
}

function liveTable(table: Table | undefined, cutover: ColumnCutover): Table {
  if (table) return table;
  throw new RunbackError("TABLE_MISSING", `Table ${qualifiedName(cutover.table)} is not on this target.`, {
    recovery: "Nothing was changed. Check that --target names the right database.",
  });
}

/** Tries again while others hold locks that are needed: each time after a longer pause, and never all at the same moment. */
async function patiently(
  { signal, logger }: Context,
  cutover: ColumnCutover,
  { pause = sleep }: ApplyDdlOptions,
  work: () => Promise<void>,
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    if (signal?.aborted) throw stopped();
    try {
      return await work();
    } catch (error) {
      // 40P01: PostgreSQL ended one of two sessions that waited for each other.
      if (attempt === attempts || !["LOCK_TIMEOUT", "40P01"].includes(String((error as { code?: unknown }).code)))
        throw error;
      logger.log("warn", "cutover.ddl.wait", { cutover: cutover.name, attempt });
    }
    await pause(Math.min(longestPauseMs, 250 * 2 ** (attempt - 1)) * (0.5 + Math.random() / 2));
  }
}

function stopped(): RunbackError {
  return new RunbackError("STOPPED", "Stopped between two tries.", {
    recovery: "What is done stays done. Run the same command again: it goes on from there.",
    status: 409,
  });
}
