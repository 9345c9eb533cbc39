import { realpathSync, statSync } from "node:fs";
import { resolve, sep } from "node:path";
import { RunbackError } from "@runback/core";
import { isKey } from "@runback/vault";

export interface AllowedSources {
  /** Folder of the configuration file. */
  readonly home: string;
  /** Sources that are named in the configuration, exactly as written there. */
  readonly configured: readonly string[];
  /** Folder whose subfolders may be named; relative to `home`. */
  readonly base: string | undefined;
}

/**
 * The folder that a source named over the network stands for: one the configuration names, or a plain path below the base
 * folder. Symbolic links are followed first, so that a link below the base folder leads nowhere else.
 *
 * @throws `SOURCE_REFUSED` for anything else, `SOURCE_NOT_FOUND` when nothing is there
 */
export function outsideSource({ home, configured, base }: AllowedSources, source: string): string {
  if (configured.includes(source)) return resolve(home, source);
  if (base === undefined || !isKey(source)) throw refused();
  const root = real(resolve(home, base));
  const folder = root === undefined ? undefined : real(resolve(root, source));
  if (root === undefined || folder === undefined) throw notFound();
  if (!folder.startsWith(root + sep)) throw refused();
  if (!statSync(folder).isDirectory()) throw notFound();
  return folder;
}

function real(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}

function refused(): RunbackError {
  return new RunbackError("SOURCE_REFUSED", "This source may not be named over the network.", {
    recovery:
      "Leave source out to import the configured one, or name a folder below sourceFolder of runback.config.ts, without leading slash and without .. segments.",
    status: 400,
  });
}

function notFound(): RunbackError {
  return new RunbackError("SOURCE_NOT_FOUND", "There is no folder of this name below the source folder.", {
    recovery: "Put the export there first, then start the run again.",
    status: 404,
  });
}
