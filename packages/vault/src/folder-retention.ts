import { createHash } from "node:crypto";
import { mkdir, open, readdir, rmdir, unlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { errnoOf } from "./folder-error.ts";
import { syncFolder } from "./folder-path.ts";
import { RESERVED_PREFIX } from "./key.ts";

/**
 * Retention of one object: a folder beside it whose empty files are named after the instants (milliseconds since 1970) it was
 * locked until. The latest counts. Writers only ever add a name, so two at once cannot shorten each other's lock, which
 * a file rewritten in place would allow.
 *
 * It is written before the object becomes visible. A writer that loses a put-if-absent in that instant, or dies in it, leaves a
 * lock that is too long, never one that is too short.
 */
function retentionFolder(path: string): string {
  const digest = createHash("sha256").update(basename(path)).digest("hex").slice(0, 32);
  return join(dirname(path), `${RESERVED_PREFIX}retain-${digest}`);
}

async function instants(folder: string): Promise<number[]> {
  try {
    return (await readdir(folder)).filter((name) => /^\d{1,16}$/.test(name)).map(Number);
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return [];
    throw error;
  }
}

/** Records that the object at `path` is kept until then. */
export async function retain(path: string, until: Date): Promise<void> {
  const folder = retentionFolder(path);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await (await open(join(folder, String(until.getTime())), "a", 0o600)).close();
  await syncFolder(folder);
  await syncFolder(dirname(folder));
}

/** The instant the object at `path` is locked until, `undefined` when it is free at `now`. */
export async function retainedUntil(path: string, now: Date): Promise<Date | undefined> {
  const latest = (await instants(retentionFolder(path))).reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  return latest > now.getTime() ? new Date(latest) : undefined;
}

/** Removes what is recorded of expired retention. A lock added meanwhile stays, and so does its folder. */
export async function forgetExpired(path: string, now: Date): Promise<void> {
  const folder = retentionFolder(path);
  const expired = (await instants(folder)).filter((instant) => instant <= now.getTime());
  if (expired.length === 0) return;
  await Promise.allSettled(expired.map((instant) => unlink(join(folder, String(instant)))));
  await rmdir(folder).catch(() => {});
}
