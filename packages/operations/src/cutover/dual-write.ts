import { type ColumnCutover, RunbackError } from "@runback/core";
import type { Context } from "../context.ts";
import { positionText } from "./positions.ts";
import { storedCutover } from "./stored-cutover.ts";

/**
 * Whether writers set both columns where this cutover stands, as its flags tell them. Before that a backfill does no harm, and is
 * not true for long: rows that writers add have no code, and the gate waits for them. After it the legacy column is out of date.
 *
 * @throws `DUAL_WRITE_OFF` where writers have stopped setting the legacy column: nothing is to be filled from it
 */
export async function dualWrite({ engine }: Pick<Context, "engine">, cutover: ColumnCutover): Promise<boolean> {
  const { name, flags } = cutover;
  const stored = await storedCutover(engine, engine.dialect, cutover);
  const { state, phase } = stored;
  if (state === "entered" && flags.dualWrite.on.includes(phase)) return true;
  if (state !== "dropped" && !(state === "entered" && phase > 3)) return false;
  throw new RunbackError(
    "DUAL_WRITE_OFF",
    `The cutover ${name} is ${state === "entered" ? `in phase ${positionText(stored)}` : state}: its writers do not set both columns any more, and the legacy one is out of date.`,
    {
      recovery:
        "Nothing was written. Take the phase back first (`runback cutover retreat`): that brings it up to date.",
      status: 409,
      details: { phase, state },
    },
  );
}
