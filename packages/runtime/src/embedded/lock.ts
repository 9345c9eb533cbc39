import { chmodSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { startFailed } from "./start-failed.ts";

const SQLITE_BUSY = 5;

/** An unreachable database is closed by the garbage collector, and its lock with it. */
const held = new Set<DatabaseSync>();

/** Held until `release` or the end of the process, however it ends. */
export interface Lock {
  release(): void;
}

/**
 * Takes the lock of a file without waiting, `undefined` when another process has it. The kernel gives it back when its
 * holder dies, SIGKILL and power cuts included, so there is nothing stale to detect. Node has no flock of its own;
 * SQLite's exclusive transaction takes an fcntl lock on Linux and macOS alike, and writes nothing.
 *
 * @throws RunbackError EMBEDDED_START_FAILED when the file system cannot lock
 */
export function takeLock(path: string): Lock | undefined {
  let database: DatabaseSync | undefined;
  try {
    const opened = new DatabaseSync(path);
    database = opened;
    // Whoever can open it can hold it.
    chmodSync(path, 0o600);
    opened.exec("PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE");
    held.add(opened);
    return {
      release: () => {
        held.delete(opened);
        opened.close();
      },
    };
  } catch (error) {
    database?.close();
    if ((error as { errcode?: number }).errcode === SQLITE_BUSY) return undefined;
    throw startFailed(`${path} cannot be locked`, String(error), error);
  }
}
