import { createApi } from "@runback/api";
import { lambdaHandler } from "./lambda.ts";
import { linked } from "./linked.ts";
import { runtime } from "./runtime.ts";
import { startRun } from "./start-run.ts";

let api: Promise<ReturnType<typeof createApi>> | undefined;

/** API and dashboard behind the function URL. */
export const handler = lambdaHandler(async (request, lambda) => {
  api ??= open().catch((error: unknown) => {
    api = undefined;
    throw error;
  });
  return await (await api).fetch(request, lambda);
});

async function open() {
  const opened = await runtime();
  const start: typeof startRun = async (run) => {
    // The workflow executes it, not this function.
    await opened.handOver(run.runId);
    await startRun(run);
  };
  return createApi(opened, {
    adminToken: process.env.RUNBACK_ADMIN_TOKEN ?? linked.AdminToken.value,
    host: { start },
  });
}
