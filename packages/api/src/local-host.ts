import { RunbackError } from "@runback/core";
import type { Runtime } from "@runback/runtime";
import type { RunHost } from "./api-options.ts";

/** How long one `advance` may take before the host looks whether it is to stop. */
const budgetMs = 2_000;

export interface LocalHost extends RunHost {
  /** Takes no more runs, and waits until those it has are at a step boundary. */
  close(): Promise<void>;
}

/** Executes runs in this process, several at a time; a lease keeps two from writing to one migration's tables. */
export function localHost(runtime: Runtime): LocalHost {
  const { logger, signal } = runtime.context;
  const active = new Map<string, Promise<void>>();
  let closing = false;

  const carry = async (runId: string): Promise<void> => {
    try {
      for (let done = false; !done && !closing && !signal?.aborted; )
        ({ done } = await runtime.advance(runId, budgetMs));
    } catch (error) {
      // The operation has put the failure on the run; it stays resumable.
      logger.log("error", "run.stopped", {
        run_id: runId,
        code: error instanceof RunbackError ? error.code : "UNEXPECTED",
      });
    } finally {
      active.delete(runId);
    }
  };

  return {
    start: async ({ runId }) => {
      if (closing || signal?.aborted) {
        throw new RunbackError("RUN_NOT_STARTED", `This server is shutting down and did not take run ${runId}.`, {
          recovery: "Nothing of this run was executed. Resume it when the server is back.",
          status: 503,
        });
      }
      if (!active.has(runId)) active.set(runId, carry(runId));
    },
    close: async () => {
      closing = true;
      await Promise.all(active.values());
    },
  };
}
