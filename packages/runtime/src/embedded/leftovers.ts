import { readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { dataFolder } from "./cluster.ts";
import { commandLine, findProcesses, signal } from "./processes.ts";
import { startFailed } from "./start-failed.ts";
import { waitUntil } from "./wait-until.ts";

/** What postmaster.pid says. */
export interface PidFile {
  readonly pid: number;
  readonly port: number;
  readonly ready: boolean;
}

/** The lines of postmaster.pid are those that pg_ctl relies on: pid, data folder, start time, port, …, status. */
export function readPidFile(data: string): PidFile | undefined {
  try {
    const lines = readFileSync(join(data, "postmaster.pid"), "utf8").split("\n");
    // Negative for a single-user process.
    return { pid: Math.abs(Number(lines[0])), port: Number(lines[3]), ready: lines[7]?.trim() === "ready" };
  } catch {
    return undefined;
  }
}

/** Shown in the titles of all its processes. Not from the path: a clone that was moved is still the same cluster. */
export function clusterName(data: string): string {
  const { dev, ino } = statSync(data);
  return `runback-${dev.toString(36)}-${ino.toString(36)}`;
}

/** The postmaster was given the name as a setting; its children show it in their titles. */
export function belongs(text: string | undefined, name: string): boolean {
  return text !== undefined && (text.includes(`cluster_name=${name} `) || text.startsWith(`postgres: ${name}: `));
}

/**
 * Clears what a killed server left. Sessions outlive a killed postmaster for as long as they compute, and hold the
 * shared memory that the next one needs; their commits cannot be acknowledged any more. The file with the process id
 * blocks a start when that id is somebody else's by now. The caller holds the lock of the directory and found nothing to
 * adopt.
 *
 * @throws RunbackError EMBEDDED_START_FAILED when a process survives SIGKILL for 10 s
 */
export async function clearLeftovers(home: string): Promise<void> {
  const data = dataFolder(home);
  const name = clusterName(data);
  const gone = await waitUntil(10_000, () => {
    const pids = findProcesses((text) => belongs(text, name) || text.includes(`--single -D ${data} `));
    for (const pid of pids) signal(pid, "SIGKILL");
    return pids.length === 0;
  });
  if (!gone) throw startFailed("processes of a killed server do not end", `title: postgres: ${name}`);
  const left = readPidFile(data);
  // A postmaster that somebody started by hand keeps its file, and PostgreSQL then refuses to start a second one.
  if (left && !commandLine(left.pid)?.includes(data)) rmSync(join(data, "postmaster.pid"), { force: true });
}
