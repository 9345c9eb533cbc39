import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { JobResult } from "./job.ts";
import type { WorkerJob } from "./worker.ts";

/** The young generation that `runback` itself sets: what is measured here is what users get. */
const asTheCommandLine = ["--max-semi-space-size=8", "--semi-space-growth-factor=1"];
const program = fileURLToPath(new URL("./worker.ts", import.meta.url));

export interface WorkerEnd {
  readonly result?: JobResult;
  readonly error?: { readonly code: string; readonly message: string };
  readonly points: number;
  readonly peakKb: number | null;
  /** What it printed on stderr: nothing, unless it crashed. */
  readonly stderr: string;
  readonly signal: NodeJS.Signals | null;
}

export interface Worker {
  readonly process: ChildProcess;
  /** The place it holds at; undefined when it came to its end without reaching it. */
  readonly held: Promise<string | undefined>;
  /** Settles when it has said this often that it got on, or at its end. */
  progressed(times: number): Promise<void>;
  /** Lets it go on from the place it holds at. */
  go(): void;
  /** SIGKILL, and waits until it is gone. */
  kill(): Promise<void>;
  /** Waits for something that its work brings about. @throws when it came to its end without that */
  until(happened: Promise<unknown>): Promise<void>;
  readonly end: Promise<WorkerEnd>;
}

/** Starts a job as a child process. Kill it or wait for its end. */
export function startWorker(job: WorkerJob): Worker {
  const child = spawn(process.execPath, [...asTheCommandLine, program, JSON.stringify(job)], {
    stdio: ["pipe", "pipe", "pipe"],
  });
  // A test that timed out must not leave a stopped or hanging process behind.
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill);
  child.once("close", () => process.off("exit", kill));
  const held = Promise.withResolvers<string | undefined>();
  let progress = 0;
  const waiting: { times: number; settle: () => void }[] = [];
  const tell = () => {
    for (const each of waiting) if (progress >= each.times) each.settle();
  };
  // Let go on where it had nothing left to do.
  child.stdin.on("error", () => {});
  let seen: Partial<WorkerEnd> = {};
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  createInterface(child.stdout).on("line", (line) => {
    const said = JSON.parse(line) as { point?: number; name?: string; progress?: string } & Partial<WorkerEnd>;
    if (said.point !== undefined) held.resolve(said.name);
    else if (said.progress !== undefined) {
      progress += 1;
      tell();
    } else seen = { ...seen, ...said };
  });
  const end = once(child, "close").then(([, signal]): WorkerEnd => {
    held.resolve(undefined);
    progress = Number.POSITIVE_INFINITY;
    tell();
    return { points: 0, peakKb: null, ...seen, stderr, signal: signal as NodeJS.Signals | null };
  });
  return {
    process: child,
    held: held.promise,
    progressed: async (times) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      waiting.push({ times, settle: resolve });
      tell();
      await promise;
    },
    go: () => child.stdin.write("go\n"),
    kill: async () => {
      child.kill("SIGKILL");
      await end;
    },
    until: async (happened) => {
      const ended = end.then((how) =>
        Promise.reject(new Error(`ended before: ${JSON.stringify(how).slice(0, 2_000)}`)),
      );
      ended.catch(() => {});
      await Promise.race([happened, ended]);
    },
    end,
  };
}
