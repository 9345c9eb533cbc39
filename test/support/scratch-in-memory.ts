import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, readdirSync, rmSync, statfsSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const GIB = 2 ** 30;
const begins = "runback-tests-";

/**
 * Puts the temporary files of this run into memory where there is room for them: a database is 300 files to make and to
 * remove, and no test asks what survives a power cut. The deep run stays on the disk, and so does every machine with less than 6 GiB
 * free in /dev/shm and 8 GiB of memory.
 *
 * @returns removes them again
 */
export function scratchInMemory(memory = "/dev/shm"): () => void {
  const before = process.env.TMPDIR;
  if (before !== undefined || process.env.RUNBACK_DEEP || !hasRoom(memory)) return () => {};
  removeAbandoned(memory);
  const folder = mkdtempSync(join(memory, `${begins}${process.pid}-`));
  const remove = () => rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  // Servers run under accounts of their own, as in /tmp.
  chmodSync(folder, 0o1777);
  if (!runsPrograms(folder)) {
    remove();
    return () => {};
  }
  process.env.TMPDIR = folder;
  return () => {
    delete process.env.TMPDIR;
    remove();
  };
}

function hasRoom(memory: string): boolean {
  try {
    const { bsize, bavail } = statfsSync(memory);
    return bsize * bavail >= 6 * GIB && process.availableMemory() >= 8 * GIB && memory !== tmpdir();
  } catch {
    return false;
  }
}

/** Copies of PostgreSQL's programs are started from there, which containers may forbid. */
function runsPrograms(folder: string): boolean {
  const program = join(folder, "program");
  writeFileSync(program, "#!/bin/sh\n", { mode: 0o700 });
  try {
    execFileSync(program, { stdio: "ignore" });
    return true;
  } catch {
    return false;
  } finally {
    rmSync(program);
  }
}

/** Those of runs that were killed: their process is gone, and nobody wrote there for an hour. */
function removeAbandoned(memory: string): void {
  for (const name of readdirSync(memory).filter((each) => each.startsWith(begins))) {
    const folder = join(memory, name);
    try {
      if (Date.now() - statSync(folder).mtimeMs < 3_600_000) continue;
      process.kill(Number(name.slice(begins.length).split("-")[0]), 0);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ESRCH") rmSync(folder, { recursive: true, force: true });
    }
  }
}
