import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from "node:fs";

/** Writes JSON that only its owner may read. A reader sees the old content or the new, also after a power cut. */
export function writePrivate(path: string, value: unknown): void {
  const work = `${path}.${process.pid}`;
  const file = openSync(work, "w", 0o600);
  try {
    writeSync(file, `${JSON.stringify(value, null, 2)}\n`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(work, path);
}

/**
 * Reads what `writePrivate` wrote; `undefined` when there is no such file.
 *
 * @throws SyntaxError when it is not JSON, or the error of the file system
 */
export function readPrivate(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
