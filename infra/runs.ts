import { createDeadLetterQueue, mayFill } from "./dead-letter-queue.ts";
import type { FunctionDefaults } from "./function-defaults.ts";
import { lambdaOnly } from "./lambda-only.ts";
import type { Vault } from "./vault.ts";

/** Carries runs that outlive one function: `functions/run.ts` advances a run, waits, is replayed, until the run is done. */
export function createRuns(defaults: FunctionDefaults, vault: Vault) {
  const deadLetters = createDeadLetterQueue("RunsDeadLetters");
  const workflow = new sst.aws.Workflow("Runs", {
    ...defaults,
    handler: "functions/run.handler",
    link: [...defaults.link, vault.access],
    permissions: [mayFill(deadLetters)],
    // 1769 MB is one whole CPU. Each advance takes an invocation of its own, less a minute to reach its boundary.
    memory: "1769 MB",
    timeout: { invocation: "15 minutes", execution: "14 days" },
    retention: "30 days",
    transform: {
      function: {
        role: lambdaOnly,
        // It gets the event of an execution that failed for good, and of one that Lambda could not start.
        function: (args) => {
          args.deadLetterConfig = { targetArn: deadLetters.arn };
        },
      },
    },
  });
  return { workflow, deadLetters };
}

export type Runs = ReturnType<typeof createRuns>;
