import { type ColumnCutover, RunbackError } from "@runback/core";
import type { Context } from "../context.ts";
import { positionText } from "./positions.ts";
import { type StoredCutover, storedCutover } from "./stored-cutover.ts";

/** Whether writers set both columns where this cutover stands, as its flags tell them. */
export function writesBoth(
  { flags }: ColumnCutover,
  { state, phase }: Pick<StoredCutover, "state" | "phase">,
): boolean {
  return state === "entered" && flags.dualWrite.on.includes(phase);
}

/**
 * Before writers set both columns, every row that one of them adds is without its code again: a backfill ends with nothing
 * left to fill, and is not true a moment later. After them, the legacy column is out of date.
 *
 * @param without whoever asks says that writers set both all the same
 * @throws `DUAL_WRITE_OFF`
 */
export async function assertDualWrite(
  { engine }: Pick<Context, "engine">,
  cutover: ColumnCutover,
  without: boolean,
): Promise<void> {
  if (without) return;
  const stored = await storedCutover(engine, engine.dialect, cutover);
  if (writesBoth(cutover, stored)) return;
  const { name, flags } = cutover;
  const over = stored.state === "dropped" || (stored.state === "entered" && stored.phase > 3);
  throw new RunbackError(
    "DUAL_WRITE_OFF",
    `The cutover ${name} is ${stored.state === "entered" ? `in phase ${positionText(stored)}` : stored.state}: its writers are not told to set both columns.`,
    {
      recovery: `Nothing was written. ${
        over
          ? "The legacy column is out of date from phase 4 on: take the phase back first (`runback cutover retreat`)."
          : `Enter phase 1 first (\`runback cutover advance ${name}\`): ${flags.dualWrite.name} is on from there.`
      } Where writers set both columns without these flags, say so with --without-dual-write.`,
      status: 409,
      details: { phase: stored.phase, state: stored.state },
    },
  );
}
