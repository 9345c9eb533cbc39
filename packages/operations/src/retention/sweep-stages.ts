import { qualifiedName, type Run, type TableRef } from "@runback/core";
import type { Context } from "../context.ts";
import { before, scratchDays } from "./rules.ts";

const lockTimeoutMs = 5_000;

/** Drops the scratch tables of runs that are over, and of runs that nobody went on with for a week. Returns their names. */
export async function sweepStages(
  context: Context,
  dryRun: boolean,
  failed: (what: string, error: unknown) => void,
): Promise<string[]> {
  const { engine } = context;
  const swept: string[] = [];
  let tables: readonly TableRef[] = [];
  try {
    tables = await engine.housekeeping.stageTables(engine);
  } catch (error) {
    failed("staging tables", error);
  }
  for (const table of tables) {
    try {
      if (!(await isOrphan(context, table))) continue;
      if (!dryRun) {
        await engine.transaction(
          async (tx) => {
            await tx.query(`DROP TABLE IF EXISTS ${engine.dialect.table(table)}`);
          },
          { lockTimeoutMs },
        );
      }
      swept.push(qualifiedName(table));
    } catch (error) {
      failed(qualifiedName(table), error);
    }
  }
  return swept;
}

async function isOrphan({ engine, clock }: Context, table: TableRef): Promise<boolean> {
  const staged = runOf(table);
  // A name that no run of Runback gives is somebody else's table.
  if (staged === undefined) return false;
  const run = await engine.store.run(engine, staged.runId);
  if (run === undefined) return staged.at < before(clock.now(), scratchDays);
  if (run.state === "completed" || run.state === "aborted") return true;
  return Date.parse(run.startedAt) < before(clock.now(), scratchDays).getTime() && !(await isHeld(engine, run, clock));
}

/** A run that somebody is executing right now keeps its staging, however long ago it began. */
async function isHeld(engine: Context["engine"], run: Run, clock: Context["clock"]): Promise<boolean> {
  const lease = await engine.store.lease(engine, `migration:${run.migration}`);
  return lease?.runId === run.runId && Date.parse(lease.expiresAt) > clock.now().getTime();
}

/** Reads the run out of `stage_20260115_143000_4f2a91_members`. */
function runOf({ name }: TableRef): { runId: string; at: Date } | undefined {
  const match = /^stage_(\d{4})(\d\d)(\d\d)_(\d\d)(\d\d)(\d\d)_([0-9a-z]+)_/.exec(name);
  if (match === null) return undefined;
  const [, year, month, date, hour, minute, second, random] = match;
  const at = new Date(`${year}-${month}-${date}T${hour}:${minute}:${second}Z`);
  if (Number.isNaN(at.getTime())) return undefined;
  return { runId: `run-${year}${month}${date}-${hour}${minute}${second}-${random}`, at };
}
