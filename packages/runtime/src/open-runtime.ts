import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import {
  assertCutovers,
  type Clock,
  type Engine,
  type Logger,
  RunbackError,
  silentLogger,
  systemClock,
  type Vault,
} from "@runback/core";
import { openEngine } from "@runback/engines/open-engine";
import { analyticsLog, type Context, type Progress } from "@runback/operations";
import { openVault } from "@runback/vault";
import type { RunbackConfig } from "./config.ts";
import { isDeadHolder, thisHolder } from "./holder.ts";
import type { LoadedConfig } from "./load-config.ts";
import { type Runtime, runtimeOver } from "./runtime.ts";

export interface RuntimeOptions extends LoadedConfig {
  /** The environment; everything below this package is told, and reads none itself. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Name of the target; `default` unless the configuration names others. */
  readonly target?: string;
  readonly logger?: Logger;
  readonly clock?: Clock;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
}

/** Opens a target and its vault, starting the embedded PostgreSQL when nothing else is named. Close it. */
export async function openRuntime(options: RuntimeOptions): Promise<Runtime> {
  const { env, home, config } = options;
  // Deployed functions have their configuration without `loadConfig`.
  assertCutovers(config.cutovers ?? []);
  const logger = options.logger ?? silentLogger;
  const target = options.target ?? "default";
  const { url, release } = await targetUrl(options, target, logger);
  let engine: Engine | undefined;
  let vault: Vault | undefined;
  try {
    vault = await openVault(env.VAULT_URL ?? folderVault(home));
    engine = await openEngine(url);
    const context: Context = {
      engine,
      vault,
      logger,
      target,
      clock: options.clock ?? systemClock,
      holder: thisHolder,
      isDead: isDeadHolder,
      ...analyticsOf(config, logger),
      ...(options.signal === undefined ? {} : { signal: options.signal }),
      ...(options.onProgress === undefined ? {} : { onProgress: options.onProgress }),
    };
    return runtimeOver({
      context,
      config,
      env,
      home,
      target,
      databaseUrl: url,
      protectedTarget: config.targets?.[target]?.protected === true,
      close: async () => {
        await engine?.close();
        await vault?.close();
        await release();
      },
    });
  } catch (error) {
    await engine?.close().catch(() => {});
    await vault?.close().catch(() => {});
    await release();
    throw error;
  }
}

function analyticsOf({ attendance }: RunbackConfig, logger: Logger): Pick<Context, "analytics"> {
  const told = attendance?.onAnalytics;
  if (told === false) return {};
  return { analytics: told === undefined ? analyticsLog(logger) : { emit: told } };
}

async function targetUrl(
  { config, env, home }: RuntimeOptions,
  target: string,
  logger: Logger,
): Promise<{ url: string; release: () => Promise<void> }> {
  const named = config.targets?.[target];
  if (!named && target !== "default") {
    throw new RunbackError("TARGET_UNKNOWN", `No target is named ${target}.`, {
      recovery: `Targets of this installation: ${["default", ...Object.keys(config.targets ?? {})].join(", ")}.`,
    });
  }
  const variable = named?.urlFrom ?? "DATABASE_URL";
  const given = env[variable];
  if (given !== undefined && given !== "") return { url: given, release: async () => {} };
  if (named)
    throw new RunbackError(
      "TARGET_URL_MISSING",
      `Target ${target} takes its address from ${variable}, which is not set.`,
      { recovery: `Set ${variable}.` },
    );
  // Only when it is used: where a database is named, nothing of the server is loaded.
  const { acquireEmbedded } = await import("./embedded/acquire.ts");
  const embedded = await acquireEmbedded({ directory: runbackFolder(home), logger });
  return { url: embedded.url, release: () => embedded.release() };
}

/** `.runback/` beside the configuration: the embedded PostgreSQL, the default vault, the sample export. */
export function runbackFolder(home: string): string {
  const folder = join(home, ".runback");
  mkdirSync(folder, { recursive: true });
  return folder;
}

function folderVault(home: string): string {
  return pathToFileURL(join(runbackFolder(home), "vault")).href;
}
