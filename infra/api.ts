import type { FunctionDefaults } from "./function-defaults.ts";
import { lambdaOnly } from "./lambda-only.ts";
import type { Runs } from "./runs.ts";
import type { Vault } from "./vault.ts";

/**
 * API and dashboard behind a function URL that streams, for server-sent events and for reports of any size. The URL is open:
 * every route but the health check asks for one of Runback's own bearer tokens. No CORS: the dashboard has the same origin.
 */
export function createApi(defaults: FunctionDefaults, vault: Vault, runs: Runs): sst.aws.Function {
  return new sst.aws.Function("Api", {
    ...defaults,
    handler: "functions/api.handler",
    description: "Runback API and dashboard",
    link: [...defaults.link, vault.access, runs.workflow],
    url: { authorization: "none", cors: false },
    streaming: true,
    memory: "1024 MB",
    // An event stream ends with the function; clients reconnect where they were.
    timeout: "5 minutes",
    transform: { role: lambdaOnly },
  });
}
