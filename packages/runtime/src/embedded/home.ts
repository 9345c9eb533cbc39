import { randomBytes } from "node:crypto";
import { accessSync, chmodSync, constants, mkdirSync, realpathSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, sep } from "node:path";
import type { Account } from "./account.ts";
import { execute } from "./execute.ts";
import { startFailed } from "./start-failed.ts";

/**
 * The folder for data and copied programs: the directory itself, unless PostgreSQL has to run under another account that
 * cannot enter it (a clone under /root or under a fresh `mktemp -d` is closed to all others). Then it is a new folder
 * elsewhere, for `makeHome` to make after it was noted; the mode of the user's own folders is never changed.
 *
 * @throws RunbackError EMBEDDED_START_FAILED when no folder serves
 */
export async function chooseHome(directory: string, account: Account | undefined): Promise<string> {
  if (await canEnter(directory, account)) return directory;
  for (const place of places(realpathSync(directory))) {
    if (canWrite(place) && (await canEnter(place, account))) {
      return join(place, `runback-${randomBytes(6).toString("hex")}`);
    }
  }
  throw startFailed("no folder that its account can enter", `${directory} is closed to user id ${account?.uid}`);
}

/** May be entered, but not listed; the data folder below it is 0700 as PostgreSQL demands. */
export function makeHome(home: string): void {
  mkdirSync(home, { mode: 0o711 });
  // The umask may have taken what the server's account needs.
  chmodSync(home, 0o711);
}

/** Temporary folders are cleaned by age on many systems, so they hold only the data of what is itself temporary. */
function places(directory: string): string[] {
  const temporary = [tmpdir(), "/tmp", "/var/tmp"];
  const within = temporary.filter((place) => directory.startsWith(real(place) + sep));
  return within.length > 0 ? within : ["/var/lib", "/var/tmp", tmpdir()];
}

function real(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

function canWrite(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** Asks the kernel by trying: mode bits alone miss ACLs and mount options. */
async function canEnter(folder: string, account: Account | undefined): Promise<boolean> {
  if (account === undefined) return true;
  const { code } = await execute("/bin/sh", ["-c", 'cd -- "$1"', "sh", folder], { account, timeoutMs: 10_000 });
  return code === 0;
}
