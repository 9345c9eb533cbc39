import { createAlerts } from "./alerts.ts";
import { createApi } from "./api.ts";
import { createDatabase } from "./database.ts";
import { functionDefaults } from "./function-defaults.ts";
import { createRuns } from "./runs.ts";
import { createSchedules } from "./schedules.ts";
import { createSecrets } from "./secrets.ts";
import { readSettings } from "./settings.ts";
import { createVault } from "./vault.ts";

/** The whole stack, in the order things depend on each other. What it returns, `sst deploy` prints. */
export function createRunback(environment: Readonly<Record<string, string | undefined>>) {
  const settings = readSettings($app.stage, environment);
  const vault = createVault(settings);
  const database = createDatabase(settings);
  const secrets = createSecrets();
  const defaults = functionDefaults({ vault, database, secrets });
  const runs = createRuns(defaults, vault);
  const api = createApi(defaults, vault, runs);
  const schedules = createSchedules(defaults, vault, secrets);
  const alerts = createAlerts(settings, { api, runs, schedules });
  return { api: api.url, vault: vault.url, alarms: alerts.topicArn };
}
