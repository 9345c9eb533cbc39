import { RunbackError } from "@runback/core";
import type { Context } from "../context.ts";
import { freezeState } from "./freeze.ts";

/** Before a run that a freeze is to keep out begins, or goes on. @throws `TARGET_FROZEN` */
export async function assertNotFrozen(context: Pick<Context, "engine">): Promise<void> {
  const { frozen, operator, since, reason } = await freezeState(context);
  if (!frozen) return;
  throw new RunbackError("TARGET_FROZEN", `${operator} froze this target at ${since}: ${reason}.`, {
    recovery: "Nothing was written. Wait until it is lifted (`runback freeze off`), then start or resume the run.",
    status: 409,
    details: { reason, operator, since },
  });
}
