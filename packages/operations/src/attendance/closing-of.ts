import { RunbackError } from "@runback/core";
import type { Context } from "../context.ts";
import { closingBehind } from "./undo-entries.ts";

/**
 * The event of the closing that a run is, or takes back.
 *
 * @throws `RUN_NOT_FOUND` when it is a run of another kind: taking that back is another decision
 */
export async function closingOf(context: Pick<Context, "engine">, runId: string): Promise<string> {
  const { engine } = context;
  await engine.init();
  const run = await engine.store.run(engine, runId);
  const closing = run === undefined ? undefined : await closingBehind(context, run);
  if (closing !== undefined) return closing.event;
  throw new RunbackError("RUN_NOT_FOUND", `There is no closing ${runId.slice(0, 80)} on this target.`, {
    recovery: `Nothing was changed. List the runs with \`runback runs\`${
      run === undefined ? "" : `; this one, of kind ${run.kind}, is taken back by \`runback rollback\``
    }.`,
    status: 404,
  });
}
