import { spawn } from "node:child_process";
import { type ClusterOptions, dataFolder } from "./cluster.ts";
import { serverEnvironment } from "./execute.ts";
import { belongs, clusterName, type PidFile, readPidFile } from "./leftovers.ts";
import { choosePort } from "./port.ts";
import { commandLine, signal } from "./processes.ts";
import type { ServerLog } from "./server-log.ts";
import { type Durability, serverSettings } from "./settings.ts";
import { startFailed } from "./start-failed.ts";
import { waitUntil } from "./wait-until.ts";

/** A running server. */
export interface Postmaster {
  readonly pid: number;
  readonly port: number;
  readonly origin: "started" | "adopted";
  /** Settles when the process is gone, for whatever reason. */
  readonly ended: Promise<void>;
  /** Ends sessions, writes a checkpoint and waits until it is gone; harder means follow if that takes too long. */
  stop(): Promise<void>;
}

export interface PostmasterOptions extends Omit<ClusterOptions, "durable" | "password"> {
  readonly port: number | undefined;
  readonly durability: Durability;
  readonly log: ServerLog;
  /** Milliseconds for one start, crash recovery included. */
  readonly startTimeoutMs: number;
}

const BIND_ATTEMPTS = 5;

/**
 * Takes over the server that an earlier supervisor left running, with the sessions it serves; `undefined` when none is
 * ready. The caller holds the lock of the directory, so no other supervisor is at it.
 */
export async function adoptPostmaster(home: string, durability: Durability): Promise<Postmaster | undefined> {
  const data = dataFolder(home);
  const left = readPidFile(data);
  if (!left) return undefined;
  const name = clusterName(data);
  // After a reboot the id in the file may be anybody's.
  if (!belongs(commandLine(left.pid), name)) return undefined;
  const adopted = adopt(left, name, durability);
  if (left.ready) return adopted;
  await adopted.stop();
  return undefined;
}

/**
 * Starts the server of a home, on the wanted port when that is free. The caller holds the lock of the directory, found
 * nothing to adopt and cleared what a killed server left.
 *
 * @throws RunbackError EMBEDDED_START_FAILED with the end of the server's log
 */
export async function startPostmaster(options: PostmasterOptions): Promise<Postmaster> {
  const data = dataFolder(options.home);
  const name = clusterName(data);
  for (let attempt = 1; ; attempt++) {
    const mark = options.log.mark();
    const port = await choosePort(attempt === 1 ? options.port : undefined);
    const started = await start(options, data, name, port);
    if (started) return started;
    const said = options.log.since(mark);
    // Another process took the port between the look and the start.
    if (attempt < BIND_ATTEMPTS && said.includes("Address already in use")) continue;
    throw startFailed(`see ${options.log.path}`, said);
  }
}

function adopt({ pid, port }: PidFile, name: string, durability: Durability): Postmaster {
  const ended = new Promise<void>((resolve) => {
    const poll = setInterval(() => {
      if (belongs(commandLine(pid), name)) return;
      clearInterval(poll);
      resolve();
    }, 100);
  });
  return { pid, port, origin: "adopted", ended, stop: () => stop(pid, ended, durability) };
}

/** `undefined` when it ended instead of becoming ready; the log says why. */
async function start(
  options: PostmasterOptions,
  data: string,
  name: string,
  port: number,
): Promise<Postmaster | undefined> {
  const { log, account, durability } = options;
  const settings = serverSettings(port, name, durability);
  const child = spawn(options.binaries.postgres, ["-D", data, ...settings], {
    cwd: "/",
    env: serverEnvironment(),
    stdio: ["ignore", log.descriptor, log.descriptor],
    ...account,
  });
  let over = false;
  const ended = new Promise<void>((resolve) => {
    const finish = (reason: string) => {
      over = true;
      log.note(reason);
      resolve();
    };
    child.once("exit", (code, killed) => finish(`server ${child.pid} ended (${killed ?? code})`));
    child.once("error", (error) => finish(`server could not be started: ${error.message}`));
  });
  const pid = child.pid;
  const settled = await waitUntil(options.startTimeoutMs, () => {
    const file = readPidFile(data);
    return over || (file?.pid === pid && file?.ready === true);
  });
  if (pid === undefined || over) return undefined;
  if (settled) return { pid, port, origin: "started", ended, stop: () => stop(pid, ended, durability) };
  signal(pid, "SIGKILL");
  await ended;
  throw startFailed(`not ready after ${options.startTimeoutMs / 1000} s, see ${log.path}`, log.since(0));
}

/** Fast shutdown; a scratch server has nothing worth a checkpoint. */
async function stop(pid: number, ended: Promise<void>, durability: Durability): Promise<void> {
  let over = false;
  ended.then(() => {
    over = true;
  });
  const steps: [NodeJS.Signals, number][] = [
    ["SIGINT", durability === "durable" ? 60_000 : 0],
    ["SIGQUIT", 10_000],
    ["SIGKILL", 5_000],
  ];
  for (const [name, waitMs] of steps) {
    if (over || waitMs === 0) continue;
    signal(pid, name);
    await waitUntil(waitMs, () => over);
  }
}
