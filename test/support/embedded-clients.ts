import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { ErrorDocument } from "@runback/core";
import postgres from "postgres";
import type { Account } from "../../packages/runtime/src/embedded/account.ts";
import { belongs, clusterName } from "../../packages/runtime/src/embedded/leftovers.ts";
import { findProcesses, signal } from "../../packages/runtime/src/embedded/processes.ts";

const HOLD = fileURLToPath(new URL("./hold-embedded.ts", import.meta.url));

/** A process that holds a lease on the embedded server of a directory. */
export interface HoldingClient {
  readonly url: string;
  readonly process: ChildProcess;
  /** Ends its lease and waits for its exit status. */
  release(): Promise<number | null>;
  /** SIGKILL, and waits until it is gone. */
  kill(): Promise<void>;
}

/** Starts one and waits until it has the server. */
export async function holdEmbedded(directory: string, account?: Account): Promise<HoldingClient> {
  const { child, answer } = await startClient(directory, account);
  if (!("url" in answer)) throw new Error(`${answer.error.code}: ${answer.error.message}`);
  const exit = once(child, "exit");
  return {
    url: answer.url,
    process: child,
    release: async () => {
      child.stdin?.end();
      return ((await exit) as [number | null])[0];
    },
    kill: async () => {
      child.kill("SIGKILL");
      await exit;
    },
  };
}

/** The error with which one fails. */
export async function refusedEmbedded(directory: string, account?: Account): Promise<ErrorDocument["error"]> {
  const { child, answer } = await startClient(directory, account);
  if ("error" in answer) return answer.error;
  child.kill("SIGKILL");
  throw new Error("the server was given");
}

async function startClient(directory: string, account?: Account) {
  const child = spawn(process.execPath, [HOLD, directory], { stdio: ["pipe", "pipe", "inherit"], ...account });
  const [line] = (await once(createInterface(child.stdout), "line")) as [string];
  return { child, answer: JSON.parse(line) as { url: string } | ErrorDocument };
}

/** A scratch folder, and at the end of the test the end of whatever still serves a directory below it. */
export function scratchFolder(): { readonly path: string; clean(...directories: string[]): void } {
  const path = mkdtempSync(join(tmpdir(), "runback-embedded-"));
  return {
    path,
    clean: (...directories) => {
      for (const directory of directories) {
        for (const pid of findProcesses((text) => text.includes(`supervisor.ts ${directory} `))) signal(pid, "SIGKILL");
        for (const pid of serverProcesses(directory)) signal(pid, "SIGKILL");
        const home = homeOf(directory);
        if (home !== directory) rmSync(home, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
      }
      rmSync(path, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
    },
  };
}

/** Every process of the server of a directory. */
export function serverProcesses(directory: string): number[] {
  const data = join(homeOf(directory), "postgres");
  if (!statSync(data, { throwIfNoEntry: false })) return [];
  const name = clusterName(data);
  return findProcesses((text) => belongs(text, name));
}

export function homeOf(directory: string): string {
  return (json(join(directory, "embedded.json")) as { home?: string }).home ?? directory;
}

export function supervisorPid(directory: string): number {
  return (json(join(directory, "supervisor.json")) as { pid: number }).pid;
}

export function postmasterPid(directory: string): number {
  return Number.parseInt(readFileSync(join(homeOf(directory), "postgres", "postmaster.pid"), "utf8"), 10);
}

function json(path: string): unknown {
  return statSync(path, { throwIfNoEntry: false }) ? JSON.parse(readFileSync(path, "utf8")) : {};
}

/** One connection; its owner ends it. */
export function openSession(url: string): postgres.Sql {
  return postgres(url, { max: 1, onnotice: () => {}, connect_timeout: 5 });
}

/** Rows of one statement on a connection of its own. */
export async function query(url: string, text: string): Promise<postgres.Row[]> {
  const sql = openSession(url);
  try {
    return await sql.unsafe(text);
  } finally {
    await sql.end({ timeout: 1 });
  }
}
