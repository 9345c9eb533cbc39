import { existsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { assertCutovers, RunbackError } from "@runback/core";
import type { RunbackConfig } from "./config.ts";

export interface LoadedConfig {
  readonly config: RunbackConfig;
  /** Folder of the configuration file: relative paths in it, and `.runback/`, are there. */
  readonly home: string;
}

/** Reads `runback.config.ts`. @throws `CONFIG_NOT_FOUND`, `CONFIG_INVALID`, `CUTOVER_INVALID` */
export async function loadConfig(file: string): Promise<LoadedConfig> {
  const path = resolve(file);
  if (!existsSync(path)) {
    throw new RunbackError("CONFIG_NOT_FOUND", `There is no configuration at ${path}.`, {
      recovery: "Run in the folder of runback.config.ts, or name it with --config <file>.",
    });
  }
  let module: { default?: unknown };
  try {
    module = (await import(pathToFileURL(path).href)) as { default?: unknown };
  } catch (cause) {
    if (cause instanceof RunbackError) throw cause;
    throw new RunbackError("CONFIG_INVALID", `${path} cannot be loaded: ${(cause as Error).message}`, {
      recovery: "Correct the file; `npx tsc --noEmit` shows where.",
      cause,
    });
  }
  const config = module.default as RunbackConfig | undefined;
  if (!config || !Array.isArray(config.migrations)) {
    throw new RunbackError("CONFIG_INVALID", `${path} does not export a configuration with migrations.`, {
      recovery: "Export `defineConfig({ migrations: [...] })` as default; the list may be empty.",
    });
  }
  if (config.cutovers !== undefined && !Array.isArray(config.cutovers)) {
    throw new RunbackError("CONFIG_INVALID", `${path}: cutovers is no list.`, {
      recovery: "Export `cutovers: [...]`, or leave it out.",
    });
  }
  assertCutovers(config.cutovers ?? []);
  return { config, home: dirname(path) };
}
