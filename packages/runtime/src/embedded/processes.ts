import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

/** Process ids whose command line satisfies the condition; a dead process that nobody reaped has none. */
export function findProcesses(condition: (commandLine: string) => boolean): number[] {
  return [...commandLines()].filter(([, text]) => condition(text)).map(([pid]) => pid);
}

/** The command line, or the title a process gave itself; `undefined` when it is gone. */
export function commandLine(pid: number): string | undefined {
  try {
    return process.platform === "linux" ? fromProc(pid) : fromPs("-p", String(pid)).get(pid);
  } catch {
    return undefined;
  }
}

/** Sends a signal; that the process is gone already is no error. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

function commandLines(): Map<number, string> {
  // Slim containers have no ps.
  if (process.platform !== "linux") return fromPs("-A");
  const found = new Map<number, string>();
  for (const name of readdirSync("/proc")) {
    const pid = Number(name);
    const text = Number.isInteger(pid) ? commandLine(pid) : undefined;
    if (text !== undefined) found.set(pid, text);
  }
  return found;
}

function fromProc(pid: number): string | undefined {
  return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim() || undefined;
}

/** Where there is no /proc: macOS. */
export function fromPs(...selection: string[]): Map<number, string> {
  const text = execFileSync("ps", [...selection, "-ww", "-o", "pid=,command="], { encoding: "utf8" });
  return new Map(
    [...text.matchAll(/^\s*(\d+)\s+(.*?)\s*$/gm)].map((line): [number, string] => [Number(line[1]), line[2] ?? ""]),
  );
}
