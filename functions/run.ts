import { workflow } from "sst/aws/workflow";
import { advanceUntilDone } from "./advance-until-done.ts";
import { runtime } from "./runtime.ts";

/** Carries one run to its end, over as many invocations as that takes. */
export const handler = workflow.handler<{ runId: string }>(({ runId }, context) =>
  advanceUntilDone(context, async (budgetMs) => (await runtime()).advance(runId, budgetMs)),
);
