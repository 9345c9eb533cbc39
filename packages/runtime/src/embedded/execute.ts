import { spawn } from "node:child_process";
import type { Account } from "./account.ts";

export interface ExecuteOptions {
  /** Absent: the current user. */
  readonly account?: Account | undefined;
  readonly input?: string;
  /** Milliseconds until it is killed. */
  readonly timeoutMs: number;
}

export interface Execution {
  /** 0 is success; -1 when it could not be started or was killed. */
  readonly code: number;
  /** stdout and stderr together, in order of arrival. */
  readonly output: string;
}

/** Runs a program to its end and never throws: a program that cannot start is a result too. */
export function execute(
  file: string,
  args: readonly string[],
  { account, input = "", timeoutMs }: ExecuteOptions,
): Promise<Execution> {
  return new Promise((resolve) => {
    let output = "";
    const finish = (code: number, note = "") => resolve({ code, output: output + note });
    try {
      const child = spawn(file, args, {
        // Every account can enter "/"; the caller's folder may be closed to this one, and initdb insists on entering it.
        cwd: "/",
        env: serverEnvironment(),
        timeout: timeoutMs,
        killSignal: "SIGKILL",
        ...account,
      });
      const collect = (chunk: Buffer) => {
        output += chunk.toString();
      };
      child.stdout.on("data", collect);
      child.stderr.on("data", collect);
      // A program that ends before it read its input is judged by its exit code, not by the broken pipe.
      child.stdin.on("error", () => {});
      child.stdin.end(input);
      child.on("error", (error) => finish(-1, error.message));
      child.on("close", (code, signal) =>
        finish(code ?? -1, signal ? `killed by ${signal} after ${timeoutMs} ms` : ""),
      );
    } catch (error) {
      finish(-1, String(error));
    }
  });
}

/** PGDATA, PGOPTIONS and the like would change what the server does, and secrets of the shell are no business of it. */
export function serverEnvironment(): NodeJS.ProcessEnv {
  const { PATH, LD_LIBRARY_PATH } = process.env;
  return { PATH, LC_ALL: "C", TZ: "UTC", ...(LD_LIBRARY_PATH && { LD_LIBRARY_PATH }) };
}
