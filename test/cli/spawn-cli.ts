import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { CliResult } from "./cli-result.ts";

const MAIN = fileURLToPath(new URL("../../packages/cli/src/main.ts", import.meta.url));

export interface SpawnOptions {
  /** Added to an environment in which nothing names a database, a vault or a user. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

export interface RunningCli {
  readonly process: ChildProcess;
  /** Settles when the process has ended and everything it wrote was read. */
  readonly result: Promise<CliResult>;
  /** Settles when stdout has a match; fails when the process ends without one. */
  printed(pattern: RegExp): Promise<RegExpExecArray>;
}

/** The command line as a process of its own, with pipes for a terminal. */
export function startCli(args: readonly string[], { env = {}, cwd }: SpawnOptions = {}): RunningCli {
  const { PATH = "", HOME = "", TMPDIR } = process.env;
  const child = spawn(process.execPath, [MAIN, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH, HOME, ...(TMPDIR === undefined ? {} : { TMPDIR }), USER: "tester", ...env },
    ...(cwd === undefined ? {} : { cwd }),
  });
  const written = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const)
    child[name].setEncoding("utf8").on("data", (text: string) => {
      written[name] += text;
    });
  const result = once(child, "close").then(([status]) => ({ status: status as number | null, ...written }));
  return {
    process: child,
    result,
    printed: async (pattern) => {
      for (let ended = false; ; ) {
        const found = pattern.exec(written.stdout);
        if (found) return found;
        if (ended) throw new Error(`ended without ${pattern}:\n${written.stdout}\n${written.stderr}`);
        const more = new Promise<void>((resolve) => child.stdout.once("data", () => resolve()));
        await Promise.race([
          more,
          result.then(() => {
            ended = true;
          }),
        ]);
      }
    },
  };
}

/** Runs a command to its end. */
export async function spawnCli(args: readonly string[], options: SpawnOptions = {}): Promise<CliResult> {
  return await startCli(args, options).result;
}
