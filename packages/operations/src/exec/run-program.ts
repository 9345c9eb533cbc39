import { spawn } from "node:child_process";
import { constants } from "node:os";
import { RunbackError } from "@runback/core";
import type { ExecOptions } from "./exec-options.ts";

export interface Ended {
  readonly exitCode: number;
  readonly signal: string | null;
}

const forwarded = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Starts a program and waits for its end. Signals that this process gets are handed on, and do not end it before the
 * program has ended; on a terminal Ctrl-C reaches the program by itself, and is not sent a second time.
 *
 * @param stop asks the program to end (SIGTERM)
 * @throws `PROGRAM_NOT_STARTED`
 */
export async function runProgram(
  { command, args, stdio = "inherit", cwd }: Pick<ExecOptions, "command" | "args" | "stdio" | "cwd">,
  env: Readonly<Record<string, string | undefined>>,
  stop: AbortSignal,
): Promise<Ended> {
  const child = spawn(command, args, { stdio, env: { ...env }, ...(cwd === undefined ? {} : { cwd }) });
  let signalled = false;
  const forward = (signal: NodeJS.Signals) => {
    signalled = true;
    if (signal !== "SIGINT" || !process.stdin.isTTY) child.kill(signal);
  };
  // A signal that aborted `stop` is forwarded by its own handler, which runs before the next turn of the event loop.
  const ask = () => setImmediate(() => signalled || child.kill("SIGTERM"));
  for (const signal of forwarded) process.on(signal, forward);
  stop.addEventListener("abort", ask);
  try {
    return await new Promise<Ended>((resolve, reject) => {
      child.once("error", (error) => {
        // Also raised by a kill that failed: only a program that never ran has no process id.
        if (child.pid === undefined) reject(notStarted(command, error));
      });
      child.once("exit", (code, signal) =>
        resolve({ exitCode: code ?? 128 + (signal ? constants.signals[signal] : 0), signal }),
      );
      if (stop.aborted) ask();
    });
  } finally {
    for (const signal of forwarded) process.off(signal, forward);
    stop.removeEventListener("abort", ask);
  }
}

function notStarted(command: string, error: Error): RunbackError {
  const code = (error as NodeJS.ErrnoException).code ?? "UNKNOWN";
  return new RunbackError("PROGRAM_NOT_STARTED", `The program ${command} could not be started (${code}).`, {
    recovery: "Nothing was changed. Check the command after `--`: it is started directly, without a shell.",
    cause: error,
  });
}
