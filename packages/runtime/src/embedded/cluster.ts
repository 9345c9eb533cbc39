import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { RunbackError } from "@runback/core";
import type { Account } from "./account.ts";
import type { Binaries } from "./binaries.ts";
import { type Execution, execute } from "./execute.ts";
import { findProcesses, signal } from "./processes.ts";
import { startFailed } from "./start-failed.ts";

// Not "runback": with the default search_path ("$user", public) a role of that name would create its tables in schema runback.
export const ROLE = "operator";
export const DATABASE = "runback";
const UNFINISHED = "postgres.new-";

export interface ClusterOptions {
  readonly binaries: Binaries;
  readonly account: Account | undefined;
  /** Folder that holds the cluster; the account can enter it. */
  readonly home: string;
  readonly password: string;
  /** False for a server that nobody misses after a power cut. */
  readonly durable: boolean;
}

/** Where the cluster of a home lies. */
export function dataFolder(home: string): string {
  return join(home, "postgres");
}

/**
 * Makes the cluster with its role and database, unless it is there. It is made under another name and renamed when
 * complete, so that a data folder that exists is always a whole one. The caller holds the lock of the directory.
 *
 * @throws RunbackError EMBEDDED_START_FAILED with the output of initdb; EMBEDDED_VERSION when another major made it
 */
export async function ensureCluster(options: ClusterOptions): Promise<"created" | "kept"> {
  const { binaries, account, home, durable } = options;
  removeUnfinished(home);
  if (existsSync(dataFolder(home))) {
    requireVersion(dataFolder(home), binaries);
    // PostgreSQL refuses a folder that others can read, which a copied clone may have.
    chmodSync(dataFolder(home), 0o700);
    return "kept";
  }
  const work = join(home, `${UNFINISHED}${process.pid}`);
  mkdirSync(work, { mode: 0o700 });
  const passwordFile = join(work, "password");
  writeFileSync(passwordFile, `${options.password}\n`, { mode: 0o600 });
  if (account) for (const path of [work, passwordFile]) chownSync(path, account.uid, account.gid);
  const data = join(work, "data");
  const made = await execute(
    binaries.initdb,
    [
      `--pgdata=${data}`,
      `--username=${ROLE}`,
      "--auth=scram-sha-256",
      `--pwfile=${passwordFile}`,
      "--encoding=UTF8",
      // The same order and letter case everywhere: the C library's locales differ by machine, the built-in one does not.
      "--locale=C",
      "--locale-provider=builtin",
      "--builtin-locale=C.UTF-8",
      "--no-instructions",
      ...(durable ? [] : ["--no-sync"]),
    ],
    { account, timeoutMs: 120_000 },
  );
  requireSuccess(made, "initdb failed");
  await singleUser(options, data, "postgres", `CREATE DATABASE ${DATABASE}`);
  renameSync(data, dataFolder(home));
  rmSync(work, { recursive: true, force: true });
  return "created";
}

/** Whoever left these died in the middle, as the lock says, but its initdb may still be at work. */
function removeUnfinished(home: string): void {
  const prefix = join(home, UNFINISHED);
  for (const pid of findProcesses((text) => text.includes(prefix))) signal(pid, "SIGKILL");
  for (const name of readdirSync(home).filter((entry) => entry.startsWith(UNFINISHED))) {
    rmSync(join(home, name), { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
  }
}

/** Gives the role a new password while no server runs: for a directory whose `embedded.json` was lost. */
export async function resetPassword(options: ClusterOptions): Promise<void> {
  await singleUser(options, dataFolder(options.home), DATABASE, `ALTER ROLE ${ROLE} PASSWORD '${options.password}'`);
}

/** Needs neither port nor password nor driver. One statement a line, and an error does not change the exit status. */
async function singleUser(options: ClusterOptions, data: string, database: string, statement: string): Promise<void> {
  const sync = options.durable ? "on" : "off";
  const args = ["--single", "-D", data, "-c", `fsync=${sync}`, "-c", "log_checkpoints=off", database];
  const done = await execute(options.binaries.postgres, args, {
    account: options.account,
    input: `${statement}\n`,
    timeoutMs: 120_000,
  });
  requireSuccess(
    done.output.match(/\b(ERROR|FATAL|PANIC):/) ? { ...done, code: -1 } : done,
    "the first statement failed",
  );
}

function requireVersion(data: string, { major }: Binaries): void {
  const found = readFileSync(join(data, "PG_VERSION"), "utf8").trim();
  if (found === major) return;
  throw new RunbackError("EMBEDDED_VERSION", `${data} was made by PostgreSQL ${found}, installed is ${major}`, {
    recovery: `Nothing was changed. Take a snapshot with the Runback that made it (PostgreSQL ${found}), move the folder away and restore the snapshot with this one.`,
    status: 503,
  });
}

function requireSuccess(execution: Execution, what: string): void {
  if (execution.code !== 0) throw startFailed(what, execution.output);
}
