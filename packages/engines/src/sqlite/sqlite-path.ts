import { resolve } from "node:path";
import { RunbackError } from "@runback/core";

/**
 * `sqlite:///absolute/path.db`, `sqlite://relative/path.db`. A database in memory is refused: it ends with the process,
 * and a target must outlive it.
 *
 * @throws `TARGET_URL_INVALID`
 */
export function sqlitePath(url: string): string {
  const match = /^sqlite:\/\/([^?#]+)$/.exec(url);
  const path = match?.[1] === undefined ? undefined : decoded(match[1]);
  if (path === undefined || path.includes("\0") || path.endsWith("/") || path.replace(/^\/+/, "") === ":memory:") {
    throw new RunbackError(
      "TARGET_URL_INVALID",
      "A SQLite target is written sqlite://<file>, and is never in memory.",
      {
        recovery: "Set DATABASE_URL to sqlite:///absolute/path.db or sqlite://path.db.",
      },
    );
  }
  return resolve(path);
}

function decoded(path: string): string | undefined {
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
}
