import { tmpdir } from "node:os";
import { jsonLogger, openRuntime, type Runtime } from "@runback/runtime";
import config from "../runback.config.ts";
import { linked } from "./linked.ts";

let opened: Promise<Runtime> | undefined;

/**
 * The runtime of this function: opened once a cold start with the secrets that are linked to it, again after a failure.
 *
 * @param variables what this function has beside its environment
 */
export function runtime(variables: Readonly<Record<string, string>> = {}): Promise<Runtime> {
  opened ??= open(variables).catch((error: unknown) => {
    opened = undefined;
    throw error;
  });
  return opened;
}

async function open(variables: Readonly<Record<string, string>>): Promise<Runtime> {
  const env = { ...process.env, ...variables, DATABASE_URL: process.env.DATABASE_URL ?? linked.DatabaseUrl.value };
  // The only folder a function may write to.
  return openRuntime({ config, home: tmpdir(), env, logger: jsonLogger(process.stdout, "default") });
}
