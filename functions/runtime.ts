import { openRuntime, type Runtime } from "@runback/runtime";
import { linked } from "./linked.ts";
import { startRun } from "./start-run.ts";

/** The runtime of this function, opened once per cold start with the secrets that are linked to it. */
export function runtime(): Promise<Runtime> {
  process.env.DATABASE_URL ??= linked.DatabaseUrl.value;
  process.env.RUNBACK_ADMIN_TOKEN ??= linked.AdminToken.value;
  return openRuntime({ startRun });
}
