import { closeSync, fstatSync, openSync, readSync, renameSync, statSync, writeSync } from "node:fs";

const LARGEST = 5 * 1024 * 1024;
const TAIL_BYTES = 8 * 1024;

/** The file that the server and its supervisor write to; only its owner may read it. */
export interface ServerLog {
  readonly path: string;
  /** Descriptor for the output of a child. */
  readonly descriptor: number;
  note(message: string): void;
  /** Length in bytes, to be given to `since` later. */
  mark(): number;
  /** What was written after the mark, at most the last 8 KiB. */
  since(mark: number): string;
}

/** Opens the log for appending; one over 5 MiB is moved aside first, replacing the one moved before. */
export function openServerLog(path: string): ServerLog {
  if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) > LARGEST) renameSync(path, `${path}.1`);
  const descriptor = openSync(path, "a", 0o600);
  const mark = () => fstatSync(descriptor).size;
  return {
    path,
    descriptor,
    mark,
    note: (message) => {
      writeSync(descriptor, `${new Date().toISOString()} [${process.pid}] supervisor: ${message}\n`);
    },
    since: (from) => {
      const start = Math.max(from, mark() - TAIL_BYTES);
      const buffer = Buffer.alloc(Math.max(0, mark() - start));
      const reader = openSync(path, "r");
      try {
        return buffer.toString("utf8", 0, readSync(reader, buffer, 0, buffer.length, start));
      } finally {
        closeSync(reader);
      }
    },
  };
}
