import type { ReplacedRemains } from "@runback/core";
import type { Context } from "../context.ts";

/** Drops what restores replaced, also what an earlier one left because it was killed. Returns what is still there, and why. */
export async function dropReplaced({ engine, logger }: Context): Promise<readonly ReplacedRemains[]> {
  const remains = (await engine.snapshots?.dropReplaced?.()) ?? [];
  for (const { name, why } of remains) logger.log("warn", "restore.remains", { schema: name, why });
  return remains;
}
