import { type ChildProcess, spawn } from "node:child_process";
import { getCompileCacheDir } from "node:module";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { failedWith } from "./connect.ts";
import { type Failure, NOT_NEEDED, parseLine } from "./protocol.ts";
import type { Durability } from "./settings.ts";
import { startFailed } from "./start-failed.ts";

const ENTRY = fileURLToPath(new URL("./supervisor.ts", import.meta.url));

/** `not-needed`: another one is in charge. `killed`: somebody ended it before it could say anything. */
export type Launch = "listening" | "not-needed" | "killed";

/**
 * Starts a supervisor and waits until it listens or ends.
 *
 * @throws RunbackError the reason why it cannot serve
 */
export async function launchSupervisor(directory: string, durability: Durability, timeoutMs: number): Promise<Launch> {
  const child = spawn(process.execPath, [ENTRY, directory, durability], {
    // Its own session: Ctrl-C in the terminal of the first client must not take the server from the others.
    detached: true,
    cwd: "/",
    env: environment(),
    stdio: ["ignore", "pipe", "pipe"],
  });
  try {
    const { line, status, stderr } = await firstWord(child, timeoutMs);
    if (line === "listening") return line;
    if (status === NOT_NEEDED) return "not-needed";
    if (status === "killed") return status;
    const failure = parseLine(line);
    if (failure?.state === "failed") throw failedWith(failure as unknown as Failure);
    throw startFailed(`its supervisor ended with ${status ?? "no word"}`, stderr);
  } finally {
    child.stdout?.destroy();
    child.stderr?.destroy();
    child.unref();
  }
}

interface FirstWord {
  readonly line: string;
  /** Exit status; absent while it runs. */
  readonly status: number | "killed" | undefined;
  readonly stderr: string;
}

function firstWord(child: ChildProcess, timeoutMs: number): Promise<FirstWord> {
  return new Promise((resolve) => {
    let line = "";
    let stderr = "";
    const finish = (status?: number | "killed") => {
      clearTimeout(patience);
      resolve({ line: line.trim(), status, stderr });
    };
    const patience = setTimeout(finish, timeoutMs);
    child.stdout?.on("data", (chunk: Buffer) => {
      line += chunk.toString();
      if (line.includes("\n")) finish();
    });
    child.stderr?.on("data", (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    child.once("error", (error) => {
      stderr += error.message;
      finish(-1);
    });
    child.once("close", (status) => finish(status ?? "killed"));
  });
}

/** Not ours: NODE_OPTIONS of a debugger or a test runner would stop or change it, and it outlives the shell's secrets. */
function environment(): NodeJS.ProcessEnv {
  const { PATH, TMPDIR, LD_LIBRARY_PATH } = process.env;
  // Where this process reads what it compiled the last time; below it is a folder for every Node and its flags.
  const compiled = getCompileCacheDir();
  return {
    PATH,
    NODE_NO_WARNINGS: "1",
    ...(TMPDIR && { TMPDIR }),
    ...(LD_LIBRARY_PATH && { LD_LIBRARY_PATH }),
    ...(compiled && { NODE_COMPILE_CACHE: dirname(compiled) }),
  };
}
